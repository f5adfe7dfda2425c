const test = async (z, { authData }) => {
  const { data, status } = await z.request({ url: `${authData.base_url}/me`, skipThrowForStatus: true });
  if (status !== 200) throw new z.errors.Error('The token is not known', 'auth', status);
  return data;
};

export const authentication = {
  type: 'custom',
  fields: [
    { key: 'base_url', label: 'Base URL', required: true },
    { key: 'api_token', label: 'API Token', type: 'password', required: true },
  ],
  test,
  connectionLabel: '{{name}} at {{bundle.authData.base_url}}',
};
