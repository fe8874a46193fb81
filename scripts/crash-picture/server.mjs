// The server of the picture: a tool that works, one that never returns, and one that crashes.
export default {
  name: 'shop',
  version: '1.0.0',
  setup(server, session) {
    server.registerTool('count', { description: 'Counts its calls in this session.' }, () => {
      const count = (session.state.get('count') ?? 0) + 1;
      session.state.set('count', count);
      return { content: [{ type: 'text', text: String(count) }] };
    });
    server.registerTool('spin', { description: 'Never returns.' }, () => {
      for (;;);
    });
    server.registerTool('crash', { description: 'Throws where nobody catches.' }, async () => {
      setTimeout(() => {
        throw new TypeError('undefined is not an order');
      });
      await new Promise(() => {});
    });
  },
};
