/** Options of what principals may use, and of the record of what they did. */
import { POLICIES } from '../../shared/access-rule.js';
import { option } from '../option.js';
import { oneOf, onOrOff } from '../option-kinds.js';
import { auditTarget, principals, redactions, rules, scopeIncludes, toolPaths } from '../rule-kinds.js';

export const ruleOptions = {
  /** What principals may use: a list of rules, which `docs/rules.md` describes. By default everybody may use everything. */
  rules: option(rules, {
    defaultText: 'none: everybody may use everything',
    help: 'what principals may use: a list of rules ([rules](rules.md)); only in the config file',
  }),
  /** Scopes that include others, such as `{ admin: ['read', 'write'] }`. */
  scopeIncludes: option(scopeIncludes, {
    defaultText: 'none',
    help: 'for each scope that includes others, a list of these, such as `{"admin": ["read", "write"]}`; only in the config file',
  }),
  /** Whether what the rules do not allow is refused, by default, or only logged and counted. */
  policy: option(oneOf(POLICIES), {
    default: 'enforce',
    help: 'enforce: refuse what the rules do not allow; dry-run: log and count it, and let it through',
  }),
  /** File to which a line of JSON is written for each request, or `stderr`. By default there is no audit log. */
  auditLog: option(auditTarget, {
    defaultText: 'none',
    help: 'file to which a line of JSON is appended for each request, before its answer leaves; or stderr',
  }),
  /** Refuses requests that cannot be recorded; off by default. */
  auditRequired: option(onOrOff, {
    default: false,
    help: 'refuse requests that the audit log cannot record',
  }),
  /** Tools whose arguments are recorded, as `server/tool`; by default none. */
  auditArguments: option(toolPaths, {
    defaultText: 'none',
    help: 'tools whose arguments are recorded in the audit log: server/tool, with * and ? for any characters and any one',
  }),
  /** What is left out of recorded arguments, besides members with names such as `password`: names, or `/patterns/`. */
  auditRedact: option(redactions, {
    defaultText: 'members with names such as password, token or secret',
    help: 'what is left out of recorded arguments as well: names of members, or regular expressions between slashes',
  }),
  /** Principals that have metrics of their own, at most 50. */
  metricsPrincipals: option(principals, {
    defaultText: 'none',
    help: 'subjects, or issuers and subjects with a space between them, whose requests are counted on their own',
  }),
};
