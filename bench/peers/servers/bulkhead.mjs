import { once } from 'node:events';
import { register, SERVER_INFO } from './tools.mjs';

export default {
  ...SERVER_INFO,
  lists: 'static',
  setup(server, session) {
    const sessionChild = async (seconds) => {
      const child = session.spawn('sleep', [String(seconds)], { lifetime: 'session' });
      await once(child, 'spawn');
      return child.pid;
    };
    register(server, (extra) => extra.signal, sessionChild);
  },
};
