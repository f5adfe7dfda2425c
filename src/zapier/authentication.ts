import type { Authentication } from 'zapier-platform-core';
import { docsLinks } from './docs-links.ts';
import { step } from './step.ts';

/** What the connection's label is made of. Holds no secret. */
type Identity = {
  readonly key_id: string;
  readonly key_name: string;
  readonly environment: string;
  readonly role: string;
  readonly store_version: string;
};

const test = step({ action: 'connect to the store', connecting: true }, async ({ shell }): Promise<Identity> => {
  const me = await shell.store.me({}, {});
  return {
    key_id: me.keyId,
    key_name: me.name,
    environment: me.environment,
    role: me.role,
    store_version: me.storeVersion,
  };
});

/** A connection is one API key of one store: it stands for one environment and one role. */
export const authentication = {
  type: 'custom',
  fields: [
    {
      key: 'store_url',
      label: 'Store URL',
      type: 'string',
      required: true,
      placeholder: 'https://tidemark.example.com',
      helpText: 'The address of your Tidemark store, such as `https://tidemark.example.com`.',
    },
    {
      key: 'api_key',
      label: 'API Key',
      type: 'password',
      required: true,
      helpText: `Made with \`tidemark key create\`, and shown only once. It needs the role \`sync\`. [How to make an API key](${docsLinks.apiKeys}).`,
    },
  ],
  test,
  connectionLabel: '{{key_name}} ({{environment}}, {{role}})',
} satisfies Authentication;
