import { checkCredentialFields, checkConnectionLabel, checkCleanInputData } from './checks/app-checks.ts';
import { checkDescription, checkHelpText, checkLabel, checkLinks } from './checks/text-checks.ts';
import { checkSampleDates, checkSampleKeys, checkSamplePresent, checkSampleTypes } from './checks/sample-checks.ts';
import { appDefinition, pluralOf, type ActionDefinition, type ActionKind, type AppDefinition } from './definition.ts';

/** A rule of Zapier's integration checks that the app breaks. */
export type Problem = {
  /** Zapier's own code, such as `D021`. */
  readonly code: string;
  /** Where in the definition, such as `triggers.record_changed.display.label`. */
  readonly at: string;
  readonly message: string;
};

/** One trigger, create or search that users see. */
export type CheckedAction = {
  readonly kind: ActionKind;
  readonly action: ActionDefinition;
  /** Its place in the definition. */
  readonly at: string;
};

/**
 * Runs the checks of Zapier's server that can be decided from the definition alone: D001, D003, D008, D010,
 * D011, D012 (that there is a sample), D018, D021, D023, D024 and D028. What users never see is left out.
 *
 * @param definition as the handler's `definition` command gives it
 * Source: docs.zapier.com/integrations/publish/integration-checks-reference.
 */
export const checkDefinition = (definition: unknown): readonly Problem[] => {
  const app = appDefinition.parse(definition);
  return [
    ...checkConnectionLabel(app),
    ...checkCleanInputData(app),
    ...visibleActions(app).flatMap((checked) => actionChecks.flatMap((check) => check(checked))),
  ];
};

const actionChecks: readonly ((checked: CheckedAction) => readonly Problem[])[] = [
  checkCredentialFields,
  checkLinks,
  checkSampleKeys,
  checkHelpText,
  checkSamplePresent,
  checkLabel,
  checkDescription,
  checkSampleDates,
  checkSampleTypes,
];

const visibleActions = (app: AppDefinition): readonly CheckedAction[] =>
  (['trigger', 'create', 'search'] as const).flatMap((kind) =>
    Object.values(app[pluralOf[kind]])
      .filter((action) => action.display.hidden !== true)
      .map((action) => ({ kind, action, at: `${pluralOf[kind]}.${action.key}` })),
  );
