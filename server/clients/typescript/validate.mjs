// The description, by a second reader than redocly: swagger-parser holds it against the schema of OpenAPI.
import SwaggerParser from '@apidevtools/swagger-parser';

const api = await SwaggerParser.validate(process.argv[2]);
const operations = Object.values(api.paths).flatMap((path) => Object.values(path));
console.log(`swagger-parser: ${operations.length} operations`);
