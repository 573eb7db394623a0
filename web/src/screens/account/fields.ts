import type { HTMLInputAttributes } from 'svelte/elements';

import type { FieldName } from '../../errors';

/** How browsers, keyboards of phones and password managers are to treat each field. */
export const FIELDS: Readonly<Record<FieldName, HTMLInputAttributes>> = {
  username: { autocomplete: 'username', autocapitalize: 'none', spellcheck: false },
  password: { type: 'password', autocomplete: 'current-password' },
  fullName: { autocomplete: 'name' },
  email: { type: 'email', autocomplete: 'email' },
  phoneNumber: { type: 'tel', autocomplete: 'tel' },
  code: { inputmode: 'numeric', autocomplete: 'one-time-code' },
  currentPassword: { type: 'password', autocomplete: 'current-password' },
  newPassword: { type: 'password', autocomplete: 'new-password' },
};
