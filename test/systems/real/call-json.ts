type Call = {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
};

type Answer = { readonly json: unknown; readonly headers: Headers };

/**
 * Calls a server as people and plain loops do, past the product.
 *
 * @throws Error on any status but 2xx
 */
export const callJson = async (url: string, { method = 'GET', body, headers = {} }: Call = {}): Promise<Answer> => {
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url} was answered with ${response.status}: ${text.slice(0, 300)}`);
  return { json: text === '' ? null : JSON.parse(text), headers: response.headers };
};
