/** Options of encryption, of client certificates, and of proxies in front of the gateway. */
import { existingFile } from '../auth-kinds.js';
import { addressRanges } from '../network-kinds.js';
import { option } from '../option.js';

export const tlsOptions = {
  /**
   * Certificate of the MCP listener in PEM, followed by those of intermediate authorities. With it, the listener speaks
   * HTTPS. Read again when it changes.
   */
  tlsCert: option(existingFile, {
    defaultText: 'none',
    help: 'certificate (PEM, with its chain) of the MCP listener, which then speaks HTTPS; read again when it changes',
  }),
  /** The private key that belongs to it, in PEM and not encrypted. Read again when it changes. */
  tlsKey: option(existingFile, {
    defaultText: 'none',
    help: 'private key (PEM) that belongs to tls-cert; read again when it changes',
  }),
  /**
   * Authorities whose client certificates say who asks, in PEM. The principal is the first URI of the certificate's
   * subjectAltName, or else its common name. Read again when it changes.
   */
  tlsClientCa: option(existingFile, {
    defaultText: 'none',
    help: 'authorities (PEM) whose client certificates say who asks at the MCP listener; read again when it changes',
  }),
  /** As `tlsCert`, for the admin listener. */
  adminTlsCert: option(existingFile, {
    defaultText: 'none',
    help: 'certificate (PEM, with its chain) of the admin listener, which then speaks HTTPS; read again when it changes',
  }),
  /** As `tlsKey`, for the admin listener. */
  adminTlsKey: option(existingFile, {
    defaultText: 'none',
    help: 'private key (PEM) that belongs to admin-tls-cert; read again when it changes',
  }),
  /** As `tlsClientCa`, for the admin listener. */
  adminTlsClientCa: option(existingFile, {
    defaultText: 'none',
    help: 'authorities (PEM) whose client certificates are accepted at the admin listener; read again when it changes',
  }),
  /**
   * Proxies that may say for whom they pass on a request: what they write in `X-Forwarded-For` and `X-Forwarded-Proto`
   * counts. By default nobody's does.
   */
  trustProxy: option(addressRanges, {
    defaultText: 'none',
    help: 'IP addresses and ranges such as 10.0.0.0/8 of proxies whose X-Forwarded-For and X-Forwarded-Proto count',
  }),
};
