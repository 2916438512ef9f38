/** Every page as it stands on a laptop. */
import { walk } from './walk.mjs';

walk('laptop');
