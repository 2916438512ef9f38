// What a page costs that has no library.
import { offer } from "./page.mjs";

offer({ open: async () => undefined, list: async () => ({ rows: [], next: null }) });
