/** A client that answers what it is asked. */
const ANSWERS: Readonly<Record<string, unknown>> = {
  'elicitation/create': { action: 'accept', content: { name: 'Ada' } },
  'sampling/createMessage': { role: 'assistant', model: 'm', content: { type: 'text', text: 'Hi.' } },
  'roots/list': { roots: [{ uri: 'file:///work' }] },
};

export function answers(_name: string, { method }: { readonly method: string }): unknown {
  return ANSWERS[method];
}
