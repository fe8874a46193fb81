/** The pages of the documentation as its tests read them: blocks of code, prose, headings. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { projectRoot } from './project.js';

/** All pages, from the root of the project, with `/`. */
export const PAGES: readonly string[] = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'load/README.md',
  ...readdirSync(join(projectRoot, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name.split(sep).join('/')}`)
    .sort(),
];

export interface Block {
  /** As in the fence; empty without one. */
  readonly language: string;
  readonly code: string;
  /** Page and line, for the names of tests. */
  readonly place: string;
  /** The number of the line on which it begins. */
  readonly line: number;
  /** Its file name: in a comment on its first line (`// greeter.mjs`), or at the end of the sentence before it. */
  readonly file: string | undefined;
}

const FENCE = /^( *)(`{3,})(\S*)[^\n]*\n(.*?)^\1\2 *$/gms;
const FILE_COMMENT = /^\/\/ (\S+\.[cm]?[jt]s)\n/;
const FILE_SENTENCE = /`([\w./-]+\.[cm]?[jt]s)`:\n\n?$/;

export function readPage(page: string): string {
  return readFileSync(join(projectRoot, page), 'utf8');
}

export function blocksOf(page: string): Block[] {
  const text = readPage(page);
  return [...text.matchAll(FENCE)].map((match) => {
    const [, indentation = '', , language = '', body = ''] = match;
    const before = text.slice(0, match.index);
    const line = before.split('\n').length;
    const code = body.replaceAll(new RegExp(`^${indentation}`, 'gm'), '');
    const file = (FILE_COMMENT.exec(code) ?? FILE_SENTENCE.exec(before))?.[1];
    return { language, code, line, place: `${page}:${line}`, file };
  });
}

/** The page without its blocks of code. */
export function proseOf(page: string): string {
  return readPage(page).replaceAll(FENCE, '');
}

/** What may follow `#` in a link to the page: one for each heading, as GitHub makes them. */
export function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of proseOf(page).matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}
