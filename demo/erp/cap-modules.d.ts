/**
 * The part of two packages without types of their own that the ERP uses.
 * Source: https://cap.cloud.sap/docs/node.js/cds-facade and cds-serve.
 */
declare module '@sap/cds' {
  type Model = { readonly definitions: Readonly<Record<string, unknown>> };
  type Query = { readonly kind?: string };
  type Service = { run(query: Query): Promise<unknown> };
  type Cds = {
    root: string;
    model: Model;
    db: Service;
    env: {
      requires: Record<string, unknown>;
      query: { limit: { max: number; default?: number; reliablePaging: boolean } };
      log: { levels: Record<string, string> };
    };
    load(path: string): Promise<Model>;
    compile: { for: { nodejs(model: Model): Model } };
    connect: { to(name: string): Promise<Service> };
    deploy(model: Model): { to(db: Service): Promise<unknown> };
    serve(what: 'all'): { in(app: object): Promise<unknown> };
    ql: { INSERT: { into(entity: string): { entries(rows: readonly object[]): Query } } };
  };
  const cds: Cds;
  export = cds;
}

declare module 'express' {
  import type { RequestListener } from 'node:http';

  type Application = RequestListener & { use(handler: (...args: never[]) => void): Application };
  const express: () => Application;
  export = express;
}
