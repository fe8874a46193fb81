/** The server can't be observed from outside: its metrics or its processes. The message is a whole sentence. */
export class ServerUnreadable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ServerUnreadable';
  }
}
