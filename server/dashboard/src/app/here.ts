/** What is open beyond the address: of which form the record is, so that the menu marks where one came from. */
import { ref } from 'vue';

export const openForm = ref('');
