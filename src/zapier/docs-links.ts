/**
 * Where the pages of docs/ are published: `store.md` at `/store`, and so on. Zapier's editor links to them, so they must
 * be reachable by https. A team that hosts them changes this before it uploads the app.
 */
const DOCS_URL = 'https://tidemark.example/docs';

export const docsLinks = {
  apiKeys: `${DOCS_URL}/store#api-keys`,
  testing: `${DOCS_URL}/zapier#testing-a-step`,
} as const;
