import { z } from 'zod';

export const schema = { name: z.string() };

export function greeting(name) {
  return `Hello, ${name}`;
}
