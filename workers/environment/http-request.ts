/** `http_request`. */
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import * as z from 'zod/v4';
import { exchangeHttp, type HttpResponse } from './http-exchange.js';
import { publicAddressCheck } from './public-address.js';
import { decodeText, detectEncoding, isKnownEncoding } from './text-encoding.js';
import { structuredResult } from './tool-result.js';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_TIMEOUT_MS = 120_000;
/** Claude Code does not show results over 50,000 characters to the model, but writes them to a file. */
const DEFAULT_BODY_BYTES = 40_000;
const MAX_BODY_BYTES = 4_194_304;
const MAX_REQUEST_BODY_CHARACTERS = 1_048_576;

export function registerHttpRequestTool(server: McpServer, allowPrivateNetwork: boolean): void {
  const isAllowed = allowPrivateNetwork ? undefined : publicAddressCheck();
  const reach = allowPrivateNetwork ? 'any address' : 'public addresses only';
  server.registerTool(
    'http_request',
    {
      title: 'HTTP request',
      description: `Sends one HTTP request from the gateway's machine, to ${reach}, follows up to 5 redirects and returns status, headers and body.`,
      inputSchema: {
        url: z.string().min(1).describe('An http: or https: URL.'),
        method: z.enum(METHODS).default('GET').describe('The HTTP method.'),
        headers: z.record(z.string(), z.string()).default({}).describe('Request headers by name.'),
        body: z
          .string()
          .max(MAX_REQUEST_BODY_CHARACTERS)
          .optional()
          .describe('The request body, sent as UTF-8.'),
        timeoutMs: z
          .number()
          .int()
          .min(1)
          .max(MAX_TIMEOUT_MS)
          .default(DEFAULT_TIMEOUT_MS)
          .describe('How many milliseconds everything may take, redirects included.'),
        maxBytes: z
          .number()
          .int()
          .min(0)
          .max(MAX_BODY_BYTES)
          .default(DEFAULT_BODY_BYTES)
          .describe("How many bytes of the response's body to return at most."),
      },
      outputSchema: {
        url: z.string().describe('Where the response came from, after redirects.'),
        status: z.number().describe('The HTTP status.'),
        headers: z
          .record(z.string(), z.union([z.string(), z.array(z.string())]))
          .describe('Response headers by lower-case name; a list where one came several times.'),
        body: z.string().describe('The body, as text where it is text.'),
        bodyEncoding: z.enum(['text', 'base64']).describe('How the body is written here.'),
        bodyBytes: z.number().describe('How many bytes of the body were read.'),
        truncated: z.boolean().describe('Whether the body went on after maxBytes.'),
        redirects: z.array(z.string()).describe('The URLs that redirected, in order.'),
      },
      annotations: {
        title: 'HTTP request',
        readOnlyHint: false,
        destructiveHint: true,
        idempotentHint: false,
        openWorldHint: true,
      },
    },
    async ({ body, ...request }, extra) => {
      const response = await exchangeHttp({ ...request, body, isAllowed }, extra.signal);
      return structuredResult({
        url: response.url,
        status: response.status,
        headers: response.headers,
        ...readableBody(response),
        bodyBytes: response.body.length,
        truncated: response.truncated,
        redirects: response.redirects,
      });
    },
  );
}

/** The `charset` that the server names decides, otherwise the content. Compressed data is never text. */
function readableBody({ headers, body, truncated }: HttpResponse): {
  body: string;
  bodyEncoding: 'text' | 'base64';
} {
  const charset = /;\s*charset="?([^";]+)/i.exec(String(headers['content-type'] ?? ''))?.[1]?.trim();
  const encoding =
    charset !== undefined && isKnownEncoding(charset) ? charset : detectEncoding(body, !truncated);
  const compression = headers['content-encoding'] ?? 'identity';
  if (encoding === undefined || compression !== 'identity') {
    return { body: Buffer.from(body).toString('base64'), bodyEncoding: 'base64' };
  }
  return { body: decodeText(body, encoding), bodyEncoding: 'text' };
}
