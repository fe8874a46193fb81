/** The output of `bulkhead import`. */
import { unifiedDifference } from '../client-configs/difference.js';
import type { GatewayFile } from '../client-configs/gateway-file.js';
import { type ImportPlan, label } from '../client-configs/import-plan.js';
import type { Written } from '../client-configs/perform-import.js';
import { secretsWithin, withoutSecrets } from '../client-configs/secrets.js';
import type { UndoPlan } from '../client-configs/undo-plan.js';

/**
 * What would be moved, what would not, what the user should know, and the difference of every file. It contains no
 * secrets.
 * @param notable names of variables that servers have had until now
 */
export function describePlan(plan: ImportPlan, gateway: GatewayFile, notable: readonly string[]): string {
  const { moved, refused, secrets } = plan;
  const lines: string[] = [];
  if (moved.length === 0) lines.push('There is nothing to move.');
  else {
    lines.push(`To ${gateway.path}:`);
    const width = Math.max(...moved.map((entry) => label(entry).length));
    for (const entry of moved) lines.push(`  ${label(entry).padEnd(width)}  ${entry.url}`);
  }
  if (refused.length > 0) {
    lines.push('', 'Not moved:');
    for (const { reason, ...entry } of refused) lines.push(`  ${label(entry)}: ${reason}.`);
  }
  if (moved.length > 0) {
    lines.push('', ...notes(plan, notable));
    lines.push('', ...differences(plan, gateway));
  }
  const documents = [gateway.document, ...plan.files.map(({ file }) => file.document)];
  // Lines of context contain what is around the entries.
  const around = documents.flatMap((document) => secretsWithin(document.value([])));
  return withoutSecrets(`${lines.join('\n')}\n`, new Set([...secrets, ...around]));
}

function notes(plan: ImportPlan, notable: readonly string[]): string[] {
  const lines: string[] = [];
  const inherited = Object.entries(plan.servers).flatMap(([name, { inheritEnv = [] }]) =>
    inheritEnv.length > 0 ? [`${name} gets ${inheritEnv.join(', ')}`] : [],
  );
  lines.push(
    "Until now each server had the client's whole environment. The gateway gives it PATH, HOME and a few more, what its entry says, and the variables of inheritEnv" +
      (inherited.length > 0 ? `: ${inherited.join('; ')}.` : '.'),
  );
  if (notable.length > 0) {
    lines.push(
      `If a server needs one of these variables, which are set here, name it in its inheritEnv: ${notable.join(', ')}.`,
    );
  }
  if (plan.secrets.length > 0) {
    lines.push(
      `${plan.secrets.length === 1 ? 'One value looks' : `${plan.secrets.length} values look`} like a secret and is not shown. The gateway's file gets mode 0600; \${NAME} in its place would keep it out of the file.`,
    );
  }
  return lines;
}

function differences({ files, gatewayEdits }: ImportPlan, gateway: GatewayFile): string[] {
  return [
    ...unifiedDifference(gateway.path, gateway.document.text, gatewayEdits),
    ...files.flatMap(({ file, edits }) => unifiedDifference(file.path, file.document.text, edits)),
  ];
}

export function describeWritten(written: readonly Written[], gatewayFile: string): string {
  const lines = written.map(({ path, backup }) =>
    backup === undefined ? `Written: ${path}` : `Written: ${path} (before: ${backup})`,
  );
  return `${[
    '',
    ...lines,
    `Next: bulkhead serve --config ${gatewayFile}, then start the clients again.`,
    `Back: bulkhead import --undo --config ${gatewayFile}`,
  ].join('\n')}\n`;
}

export function describeUndo({ files }: UndoPlan, gatewayFile: string): string {
  const lines = files.map(({ file, entries, whole }) => {
    const state = whole
      ? 'as it was before the import'
      : 'changed since the import, so only these entries are back';
    return `${file.path}: ${entries.join(', ')} (${state})`;
  });
  if (lines.length === 0) lines.push('No file was changed.');
  return `${[...lines, `${gatewayFile} keeps its servers; remove there what is not needed any more.`].join('\n')}\n`;
}
