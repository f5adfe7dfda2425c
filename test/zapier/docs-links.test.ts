import { readFileSync } from 'node:fs';
import path from 'node:path';
import { docsLinks } from '../../src/zapier/docs-links.ts';

const docs = path.resolve(__dirname, '../../docs');

/** The anchor that a heading gets where Markdown is published: GitHub's rule. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');

test.each(Object.entries(docsLinks))('the link "%s" leads to a heading of a page in docs/', (_name, link) => {
  const { pathname, hash } = new URL(link);
  const page = readFileSync(path.join(docs, `${path.posix.basename(pathname)}.md`), 'utf8');
  const anchors = [...page.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
  expect(anchors).toContain(hash.slice(1));
});
