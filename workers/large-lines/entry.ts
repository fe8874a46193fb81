/** What piscina runs in the threads that read large lines, so that the keeper's thread can serve other sessions meanwhile. */
import { readLargeLine } from '../stdio/large-line.js';

export default readLargeLine;
