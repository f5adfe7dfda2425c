import type { Preset } from './preset.ts';

const RANGE = "v4/spreadsheets/{object}/values/'{sheet}'";

const all = {
  path: RANGE,
  query: { valueRenderOption: 'UNFORMATTED_VALUE', dateTimeRenderOption: 'FORMATTED_STRING' },
};

// What looks like a formula or a date stays the text that it is.
const raw = {
  valueInputOption: 'RAW',
  responseValueRenderOption: 'UNFORMATTED_VALUE',
};

/**
 * Google Sheets: a sheet whose first row names the columns. `object` is the ID of the spreadsheet, `sheet` the name of
 * the sheet, `idField` the key column, and `updatedAtField` a column with the time of the last change as text.
 */
export const googleSheets: Preset = {
  name: 'google-sheets',
  version: 1,
  title: 'Google Sheets',
  needs: ['object', 'sheet', 'idField', 'updatedAtField'],
  system: { driver: 'rest' },
  entity: {
    path: RANGE,
    recordsAt: 'values',
    rowsAre: 'table',
    paging: { style: 'whole' },
    requests: {
      list: all,
      find: all,
      readByIds: all,
      create: {
        method: 'POST',
        path: `${RANGE}:append`,
        query: { ...raw, insertDataOption: 'INSERT_ROWS' },
        body: { majorDimension: 'ROWS', values: ['{cells}'] },
      },
      update: {
        method: 'PUT',
        path: `${RANGE}!{row}:{row}`,
        query: { ...raw, includeValuesInResponse: 'true' },
        body: { majorDimension: 'ROWS', values: ['{cells}'] },
      },
    },
    written: { recordAt: 'updatedData.values.0' },
    write: { mode: 'find-then-write', updateMethod: 'PATCH' },
    errors: {
      codeAt: ['error.status'],
      throttled: [{ status: 429 }, { code: 'RESOURCE_EXHAUSTED' }],
      retryAfterSeconds: 60,
    },
    rates: [
      { requests: 300, seconds: 60, scope: 'project; reads and writes apart' },
      { requests: 60, seconds: 60, scope: 'user; reads and writes apart' },
    ],
    quirks: [
      'Rows have no ID of their own: people who insert, sort or remove rows while one is written can have another written over',
      'Appending twice makes two rows: a lost reply is looked for before anything is sent again',
      'A row that nobody dates is not seen to change',
      'Numbers have 15 digits: keep longer ones as text',
    ],
  },
  objects: {},
  facts: [
    {
      about: '60 reads and 60 writes a minute and user, 300 and 300 a minute and project; 429',
      mark: 'V',
      source: 'gs1',
    },
    { about: 'a payload of 2 MB is recommended', mark: 'V', source: 'gs1' },
    { about: 'append is not idempotent', mark: 'S', source: 'conventions' },
    {
      about: 'null in an update leaves a cell as it is; trailing empty cells are left out of an answer',
      mark: 'K',
      source: '',
    },
    { about: 'RAW keeps text as text; includeValuesInResponse gives the row as written', mark: 'K', source: '' },
  ],
};
