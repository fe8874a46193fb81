/** The server's metrics or processes cannot be observed from outside. The message is a complete sentence. */
export class ServerUnreadable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ServerUnreadable';
  }
}
