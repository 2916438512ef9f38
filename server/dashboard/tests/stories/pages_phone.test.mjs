/** Every page as it stands on a phone. */
import { walk } from './walk.mjs';

walk('phone');
