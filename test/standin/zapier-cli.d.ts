declare module 'zapier-platform-cli/src/oclif/commands/invoke/input-types' {
  const resolveInputDataTypes: (
    inputData: Record<string, unknown>,
    inputFields: readonly object[],
    timezone: string,
  ) => Record<string, unknown>;
  export default resolveInputDataTypes;
}
