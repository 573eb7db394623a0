/** Messages of one's own that do not go out by themselves. */
import type { PendingMessage } from '@colloquy/client';

import { t } from '../../i18n';

/** Why a message waits for a decision of its sender, as a sentence; `undefined` if it does not. */
export function whyStuck({ state, refusal }: PendingMessage): string | undefined {
  if (state === 'asking') return t('state.asking');
  return state === 'refused' ? t('state.refused', { reason: refusal ?? '' }) : undefined;
}
