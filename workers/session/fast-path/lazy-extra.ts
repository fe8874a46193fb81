/**
 * The second parameter of a tool's handler, made when the handler first looks at it. Most never do, and it is
 * a dozen members and five functions for each call. To the handler it is the plain object that it would be otherwise:
 * whatever is done with it first makes it one.
 */
import { inspect } from 'node:util';

type Trap = (...parameters: unknown[]) => unknown;

const MAKE = Symbol('make');

/** What stands for the object until then. */
class Unmade {
  declare [MAKE]?: () => object;

  constructor(make: () => object) {
    this[MAKE] = make;
  }

  /** A print looks past the traps. */
  [inspect.custom](this: object): object {
    return { ...this };
  }
}

const TRAPS: ProxyHandler<Unmade> = Object.fromEntries(
  Object.getOwnPropertyNames(Reflect).map((name) => {
    const operation = Reflect[name as keyof typeof Reflect] as Trap;
    const trap = (target: Unmade, ...rest: unknown[]): unknown => {
      fill(target);
      return operation(target, ...rest);
    };
    return [name, trap];
  }),
);

function fill(target: Unmade): void {
  const make = target[MAKE];
  if (make === undefined) return;
  delete target[MAKE];
  Object.setPrototypeOf(target, Object.prototype);
  Object.defineProperties(target, Object.getOwnPropertyDescriptors(make()));
}

/** @param make makes a plain object; called once, or never. */
export function lazyObject<Made extends object>(make: () => Made): Made {
  return new Proxy(new Unmade(make), TRAPS) as object as Made;
}
