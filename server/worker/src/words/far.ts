/** How far something is, as people say it. */
import { locale } from '@/app/locale';
import { t } from '@/messages';

/** Nobody walks by single metres, and no phone knows them. */
const STEP_M = 10;

export function far(metres: number): string {
  if (metres < 995) return t('near.metres', { n: Math.max(STEP_M, Math.round(metres / STEP_M) * STEP_M) });
  const digits = metres < 9_950 ? 1 : 0;
  const n = new Intl.NumberFormat(locale.value, { maximumFractionDigits: digits }).format(metres / 1_000);
  return t('near.kilometres', { n });
}
