/** The part of json-server 0.17 that the CRM uses; the package has no types of its own. Source: its README, "Module". */
declare module 'json-server' {
  import type { RequestListener } from 'node:http';

  type Handler = (...args: never[]) => void;
  type Application = RequestListener & { use(handlers: Handler | readonly Handler[]): Application };
  type Options = { readonly logger?: boolean; readonly noGzip?: boolean; readonly noCors?: boolean };
  const jsonServer: {
    create(): Application;
    defaults(options: Options): readonly Handler[];
    router(data: Readonly<Record<string, readonly object[]>>): Handler;
  };
  export = jsonServer;
}
