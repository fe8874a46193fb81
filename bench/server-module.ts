/** The measured tools as a Bulkhead server module. */
import type { ServerDefinition } from '../src/shared/define-server.js';
import { registerTools, SERVER_INFO } from './servers/tools.js';

const definition: ServerDefinition = {
  ...SERVER_INFO,
  lists: 'static',
  setup(server) {
    registerTools(server);
  },
};

export default definition;
