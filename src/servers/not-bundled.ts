/** Why there is no bundle; completes the sentence "is not bundled, because …". */
export class NotBundled extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'NotBundled';
  }
}
