/** What forms say of what things are for: found by that, as sync-core's schema/meaning.rs finds it, never by a name. */
import type { Field, FieldMeaning, Form, FormMeaning, Role, Transition } from '@/api/types';

export type Stage = 'open' | 'done' | 'closed';

/** The built-in form of households, and the field of the built-in matters that holds their kind: as the core has it, they need not say what they mean. */
const HOUSEHOLD_FORM = 'household';
const KIND_FIELD = 'kind';

/** The field that says whom a record is about. */
export const householdField = (form: Form | undefined): Field | undefined =>
  fieldFor(form, 'household') ??
  form?.fields.find((f) => f.type === 'reference' && !f.means && f.form === HOUSEHOLD_FORM);

/** The field that says which kind of the catalogue a matter is. */
export const kindField = (form: Form | undefined): Field | undefined =>
  fieldFor(form, 'kind') ??
  (form?.means === 'matter'
    ? form.fields.find((f) => f.type === 'text' && !f.means && f.key === KIND_FIELD)
    : undefined);

export const fieldFor = (form: Form | undefined, meaning: FieldMeaning): Field | undefined =>
  form?.fields.find((f) => f.means === meaning);

/** The references that may name what a record is about besides its household. */
export function aboutFields(form: Form | undefined): Field[] {
  const said = fieldFor(form, 'about');
  return said ? [said] : (form?.fields ?? []).filter((f) => f.type === 'reference' && !f.means);
}

export const formsThat = (forms: Form[], meaning: FormMeaning): Form[] => forms.filter((f) => f.means === meaning);

/** All steps of a form: those that lead to a status, and those that only stand beside it. */
export const stepsOf = (form: Form | undefined): Transition[] => [
  ...(form?.lifecycle?.transitions ?? []),
  ...(form?.lifecycle?.asides ?? []),
];

/** The steps that lists find records by: those that stand beside the status, and what resolves the work on the spot. */
export function standingSteps(form: Form | undefined): Transition[] {
  const asides = (form?.lifecycle?.asides ?? []).filter((s) => s.means !== 'recall' && s.means !== 'take_back');
  const onTheSpot = (form?.lifecycle?.transitions ?? []).filter((s) => s.means === 'resolve');
  const all = [...asides, ...onTheSpot];
  return all.filter((step, n) => all.findIndex((s) => s.action === step.action) === n);
}

/** How far the work is at a status; open at one that the form lacks. */
export function stageOf(form: Form | undefined, key: string | undefined): Stage {
  const status = form?.lifecycle?.statuses.find((s) => s.key === key);
  if (status?.closed) return 'closed';
  return status?.done ? 'done' : 'open';
}

/** A task that nobody has taken on stands in its first status. */
export const isUnacknowledged = (form: Form | undefined, status: string): boolean =>
  form?.means === 'task' && form.lifecycle?.initial === status && stageOf(form, status) === 'open';

/** The step that hands the work to a doer, from a status. */
export const dispatchStep = (form: Form | undefined, status: string): Transition | undefined =>
  form?.lifecycle?.transitions.find((s) => s.means === 'dispatch' && s.from.includes(status));

/**
 * The steps that hand the work to a doer, from a status: the dispatch, or before it one that leads up to it, such as
 * accepting what was reported. Nothing is gone back for it, and nothing is left to be asked for.
 */
export function dispatchWay(
  form: Form | undefined,
  status: string,
  allowed: (step: Transition) => boolean,
): Transition[] | null {
  const direct = dispatchStep(form, status);
  if (direct) return allowed(direct) ? [direct] : null;
  const { statuses = [], transitions = [] } = form?.lifecycle ?? {};
  const rank = (key: string) => statuses.find((s) => s.key === key)?.rank ?? 0;
  for (const first of transitions) {
    const then = first.to && dispatchStep(form, first.to);
    if (!first.to || !then || !then.to || !first.from.includes(status) || first.note || first.needs?.length) continue;
    const goesOn = rank(status) < rank(first.to) && rank(first.to) < rank(then.to);
    if (goesOn && allowed(first) && allowed(then)) return [first, then];
  }
  return null;
}

/** The fewest steps from a status to one that closes the work, of those allowed; of as many the ones that stand first. */
export function wayToClosed(
  form: Form | undefined,
  from: string,
  allowed: (step: Transition) => boolean,
): Transition[] | null {
  const met = new Set([from]);
  const ways: [string, Transition[]][] = [[from, []]];
  for (const [at, way] of ways) {
    if (stageOf(form, at) === 'closed') return way;
    for (const step of form?.lifecycle?.transitions ?? []) {
      if (!step.to || met.has(step.to) || !step.from.includes(at) || !allowed(step)) continue;
      met.add(step.to);
      ways.push([step.to, [...way, step]]);
    }
  }
  return null;
}

/** How work that is done is closed with a reply: the field for it, where it is still to be written, and the steps. */
export function closingWithReply(
  form: Form | undefined,
  status: string,
  roles: readonly string[],
): { reply: string | null; actions: string[] } | null {
  const reply = fieldFor(form, 'reply');
  if (!reply || stageOf(form, status) !== 'done') return null;
  const may = (step: Transition) => step.roles.some((r: Role) => roles.includes(r));
  const needsNothing = (step: Transition) =>
    may(step) &&
    !step.needs?.length &&
    !step.note_needed &&
    !step.other_than?.length &&
    !step.other_than_writers_of?.length;
  const answer = form?.lifecycle?.transitions.find(
    (s) => s.from.includes(status) && may(s) && s.needs?.every((n) => n === reply.key) && s.needs.length > 0,
  );
  const way = wayToClosed(form, answer?.to ?? status, needsNothing);
  if (!way) return null;
  const actions = [...(answer ? [answer] : []), ...way].map((step) => step.action);
  return { reply: answer ? reply.key : null, actions };
}

/** What stands on the page of a household: visits, then work, then what else there is. */
const ORDER = ['visit', 'matter', 'task', 'meeting'];
const orderOf = (form: Form): number =>
  form.means && ORDER.includes(form.means) ? ORDER.indexOf(form.means) : ORDER.length;

/** The forms whose records belong to a household of a form: those that say whom they are about, and those that refer to such a record (`linked`), whether they say so or not. */
export function formsAround(forms: Form[], household: string): { form: Form; linked: boolean }[] {
  const isAbout = (form: Form) => {
    const field = householdField(form);
    return form.code !== household && field !== undefined && (field.form === undefined || field.form === household);
  };
  const direct = forms.filter(isAbout);
  const refers = (form: Form) =>
    aboutFields(form).some((f) => f.form === undefined || direct.some((to) => to.code === f.form));
  const around = forms.filter((f) => isAbout(f) || (f.code !== household && refers(f)));
  return around.map((form) => ({ form, linked: refers(form) })).sort((a, b) => orderOf(a.form) - orderOf(b.form));
}
