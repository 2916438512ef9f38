/** The audit in words: what was done, and to what. The codes are the server's; one that is new is shown as it is. */
import type { Key } from '@/messages';

export const ACTS: Record<string, Key> = {
  'account.create': 'audit.accountCreate',
  'account.set-password': 'audit.accountPassword',
  'user.block': 'audit.userBlock',
  'user.unblock': 'audit.userUnblock',
  'grant.add': 'audit.grantAdd',
  'grant.end': 'audit.grantEnd',
  'work.hand_over': 'audit.handOver',
  'redraw.begin': 'audit.redrawBegin',
  'redraw.stop': 'audit.redrawStop',
  'duplicate.decide': 'audit.duplicate',
  'user.holds': 'audit.userHolds',
  'session.start': 'audit.sessionStart',
  'session.end': 'audit.sessionEnd',
  'session.end-all': 'audit.sessionEndAll',
  'session.refused': 'audit.sessionRefused',
  'enrolment.invite': 'audit.enrolmentInvite',
  'enrolment.redeem': 'audit.enrolmentRedeem',
  'enrolment.withdraw': 'audit.enrolmentWithdraw',
  'device.revoke': 'audit.deviceRevoke',
  'device.wipe': 'audit.deviceWipe',
  'device.wiped': 'audit.deviceWiped',
  'device.reactivate': 'audit.deviceReactivate',
  'refresh.reuse': 'audit.refreshReuse',
  'refresh.wrong-device': 'audit.refreshWrongDevice',
  'record.read-restricted': 'audit.readRestricted',
  'records.read-restricted': 'audit.listRestricted',
  'records.export': 'audit.export',
  'report.export': 'audit.reportExport',
  'record.merge': 'audit.recordMerge',
  'record.move': 'audit.recordMove',
  'record.erase': 'audit.erase',
  'record.erase_again': 'audit.eraseAgain',
  'retention.set': 'audit.retention',
  'phone_keys.set': 'audit.phoneKeys',
  'attention.settle': 'audit.settle',
  'area.put': 'audit.areaPut',
  'areas.import': 'audit.areasImport',
  'import.undo': 'audit.importUndo',
  'area.retire': 'audit.areaRetire',
  'area.restore': 'audit.areaRestore',
  'form.retire': 'audit.formRetire',
  'form.restore': 'audit.formRestore',
  'form.publish': 'audit.formPublish',
  'catalogue.publish': 'audit.cataloguePublish',
  'catalogue.import': 'audit.catalogueImport',
  'calendar.publish': 'audit.calendarPublish',
  'calendar.import': 'audit.calendarImport',
  'plan.publish': 'audit.planPublish',
  'plan.import': 'audit.planImport',
  'plan.make': 'audit.planMake',
  'bundle.import': 'audit.bundleImport',
  'key.new': 'audit.keyNew',
  'clock.confirm': 'audit.clock',
  'access.end': 'audit.accessEnd',
  'access.confirm': 'audit.accessConfirm',
};
export const KINDS: Record<string, Key> = {
  user: 'user.pick',
  area: 'area.pick',
  record: 'erasures.record',
  device: 'overview.phone',
  grant: 'grants.title',
  enrolment: 'enrol.new',
  form: 'forms.pick',
  version: 'forms.versions',
  class: 'audit.class',
  rows: 'audit.rows',
  role: 'grants.role',
  session: 'audit.session',
  plan: 'plans.name',
  import: 'imports.one',
  report: 'nav.reports',
  redraw: 'redraw.title',
  key: 'audit.key',
  bytes: 'audit.bytes',
  days: 'retention.keep',
  by_person: 'phoneKeys.title',
  before_ms: 'audit.clockBefore',
  now_ms: 'audit.clockNow',
  conflict: 'attention.conflict',
  refused: 'attention.refused',
  late: 'attention.late',
  phone: 'overview.phone',
  upload: 'attention.upload',
};

/** How closely fields are held, in words. */
export const CLASSES: Record<string, Key> = {
  general: 'audit.classGeneral',
  personal: 'audit.classPersonal',
  restricted: 'audit.classRestricted',
};

/** The size of a file as people say it. */
export function sizeWords(bytes: number, locale: string): string {
  const [amount, unit] =
    bytes < 1024 ? [bytes, 'byte'] : bytes < 1024 ** 2 ? [bytes / 1024, 'kilobyte'] : [bytes / 1024 ** 2, 'megabyte'];
  const short = { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(locale, short).format(amount);
}

export interface Thing {
  kind: string;
  id: string;
}
/** The parts of a scope, a list of `kind:id`. */
export function thingsOf(scope: string): Thing[] {
  return scope
    .split(' ')
    .filter((part) => part !== '')
    .map((part) => {
      const at = part.indexOf(':');
      return at < 0 ? { kind: '', id: part } : { kind: part.slice(0, at), id: part.slice(at + 1) };
    });
}
