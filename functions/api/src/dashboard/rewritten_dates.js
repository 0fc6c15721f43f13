// Dates and times in every order and with the names of months, as in rewritten_cells/dates.rs.
const MONTH_NAMES = [
  "january januar januari janvier enero gennaio janeiro styczeń stycznia января leden ledna ocak tammikuu január ene gen sty jän jänner",
  "february februar februari février febrero febbraio fevereiro luty lutego февраля únor února şubat helmikuu február",
  "march märz mars marzo março maart marzec marca марта březen března mart maaliskuu március mrz maa mrt mar",
  "april avril abril aprile kwiecień kwietnia апреля duben dubna nisan huhtikuu április abr",
  "may mai mayo maggio maio mei maj maja мая май květen května mayıs toukokuu május",
  "june juni juin junio giugno junho czerwiec czerwca июня červen června haziran kesäkuu június",
  "july juli juillet julio luglio julho lipiec lipca июля červenec července temmuz heinäkuu július",
  "august août agosto augustus augusti sierpień sierpnia августа srpen srpna ağustos elokuu augusztus ago",
  "september septembre septiembre settembre setembro wrzesień września сентября září eylül syyskuu szeptember set sept",
  "october oktober octobre octubre ottobre outubro październik października октября říjen října ekim lokakuu október out",
  "november novembre noviembre novembro listopad listopada ноября kasım marraskuu",
  "december dezember décembre diciembre dicembre dezembro grudzień grudnia декабря prosinec prosince aralık joulukuu dic desember",
].map((names) => names.split(" "));

// True if both are the same date or time, and `now` is not what a person makes of `old`.
function isSameMoment(old, now) {
  const [before, after] = [momentOf(old), momentOf(now)];
  const known = before || eightDigits(old);
  if (known && (isSerial(known, now) || isWithoutHours(old, now))) return true;
  if (!before || !after) return false;
  const isIso = /^\d{4}-\d\d-\d\d(T|$)/.test(now);
  const isByHand = old.toLowerCase() === now.toLowerCase() || (isWholeDate(before) && isIso) || `0${old}` === now;
  return !isByHand && isSameDate(before, after) && isSameTime(before, after);
}

// `20261124`.
function eightDigits(text) {
  const found = /^(\d{4})(\d\d)(\d\d)$/.exec(text);
  return found && { fields: found.slice(1).map((digits) => ({ number: Number(digits), digits: digits.length, isName: false })) };
}

function isSameDate(before, after) {
  const [old, now] = [before, after].map(({ fields }) => fields.map(({ number }) => number % 100).sort((a, b) => a - b));
  const hasAll = (most, few) => {
    const left = [...most];
    return few.every((number) => left.includes(number) && left.splice(left.indexOf(number), 1));
  };
  const isSame = old.join() === now.join();
  const isAsShown = isWholeDate(after) || after.hasSlash;
  if (old.length === 0) return now.length === 0;
  if (!isDate(before.fields) || !isDate(after.fields)) return false;
  switch (`${old.length} as ${now.length}`) {
    case "3 as 3": return isSame && isAsShown;
    case "2 as 3": return hasAll(now, old) && isAsShown;
    case "3 as 2": return hasAll(old, now) && hasName(after.fields);
    case "2 as 2": return isSame && (hasName(after.fields) || (hasYear(before.fields) && hasYear(after.fields) && after.fields[0].digits !== 4));
    default: return false;
  }
}

function isSameTime({ fields, time: before }, { time: after }) {
  if (!after) return fields.length > 0 || !before;
  if (!before) return after.seconds === 0;
  const [old, now] = [before.seconds % 86400, after.seconds % 86400];
  return old === now || (fields.length > 0 && before.hasSeconds !== after.hasSeconds && Math.floor(old / 60) === Math.floor(now / 60));
}

// The number of a day, of a time, or of both: `46350`, `0.5208333`, `46350.5`. Days are counted from 1900, or from 1904 on old Macs.
function isSerial({ fields, time }, now) {
  const [, whole, fraction = ""] = /^(\d+)(?:[.,](\d*))?$/.exec(now) || [];
  if (whole === undefined) return false;
  const serial = Number(`${whole}.${fraction}0`);
  const part = (time ? time.seconds : 0) / 86400;
  const within = fraction.length < 4 ? 1e-9 : 1.2e-5;
  const days = fields.length === 0 ? [0] : serialDays(fields);
  return days.some((day) => (fields.length > 0 && fraction === "" && serial === day) || Math.abs(serial - day - part) <= within);
}

function serialDays(fields) {
  const [one, two, three] = fields;
  const first = { number: 1 };
  if (fields.length === 3) return [[one, two, three], [three, two, one], [three, one, two]].flatMap(([year, month, day]) => fullYears(year).flatMap((full) => serialDay(full, month, day)));
  if (fields.length !== 2) return [];
  // A day of a year that the spreadsheet chose, the current one; or the first day of a month.
  const years = Array.from({ length: 100 }, (_, place) => 2000 + place);
  return [[one, two], [two, one]].flatMap(([year, month]) => [...years.flatMap((full) => serialDay(full, month, year)), ...fullYears(year).flatMap((full) => serialDay(full, month, first))]);
}

function fullYears({ number, digits }) {
  return digits === 4 ? [number] : [1900 + number, 2000 + number];
}

function serialDay(year, month, day) {
  const date = new Date(0);
  date.setUTCFullYear(year, month.number - 1, day.number);
  if (date.getUTCMonth() !== month.number - 1 || date.getUTCDate() !== day.number) return [];
  const days = date.getTime() / 86400000 + 25569;
  // Spreadsheets believe that 1900 was a leap year.
  return [days < 61 ? days - 1 : days, days - 1462];
}

// `30:45.7` for `12:30:45.678`, as spreadsheets show a time with fractions of a second.
function isWithoutHours(old, now) {
  const [before, after] = [/^[^:]*:(\d{1,2}):(\d{1,2})[.,](\d{1,9})\D*$/.exec(old), /^(\d{1,2}):(\d{1,2})[.,](\d{1,9})$/.exec(now)];
  if (!before || !after) return false;
  const [had, has] = [before, after].map(([, minutes, seconds, fraction]) => Number(minutes) * 60 + Number(`${seconds}.${fraction}`));
  return Math.abs(had - has) <= 0.5 * 0.1 ** after[3].length + 1e-9;
}

// One of the numbers can be a month, and another one a day.
function isDate(fields) {
  const isMonth = (field) => field.isName || (!hasName(fields) && field.number >= 1 && field.number <= 12 && field.digits <= 2);
  const isDay = (field) => !field.isName && ((field.number >= 1 && field.number <= 31 && field.digits <= 2) || fields.length === 2);
  return fields.some((month) => isMonth(month) && fields.some((day) => day !== month && isDay(day)));
}

// A date that can be no number of a version or a chapter.
function isWholeDate({ fields }) {
  return fields.length === 3 && (hasYear(fields) || hasName(fields) || fields.every(({ digits }) => digits === 2));
}

function hasName(fields) {
  return fields.some(({ isName }) => isName);
}

function hasYear(fields) {
  return fields.some(({ digits }) => digits === 4);
}

// Undefined if the text is neither a date nor a time.
function momentOf(text) {
  const lower = text.toLowerCase();
  const [, written, clock] = /^(.*?)(\d*:.*)?$/su.exec(lower);
  const time = clock === undefined ? undefined : timeOf(clock);
  if (clock !== undefined && !time) return undefined;
  const date = time ? written.replace(/[t ,]+$/, "") : written;
  const fields = dateFields(date);
  const isMoment = fields && fields.length <= 3 && (fields.length >= 2 || (fields.length === 0 && time));
  return isMoment ? { fields, time, hasSlash: date.includes("/") } : undefined;
}

// `8:05`, `08:05:30.5`, `8:05 pm`, `08:05:00z`.
function timeOf(text) {
  const found = /^(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?(?:\.\d*)?\s*(am|a\.m\.|pm|p\.m\.|z|[+-][\d:]*|)\s*$/.exec(text);
  if (!found) return undefined;
  const [, hours, minutes, seconds = 0, half] = found;
  if (Number(minutes) >= 60 || Number(seconds) >= 60) return undefined;
  const of24 = /^[ap]/.test(half) ? (Number(hours) % 12) + (half.startsWith("p") ? 12 : 0) : Number(hours);
  return { seconds: of24 * 3600 + Number(minutes) * 60 + Number(seconds), hasSeconds: found[3] !== undefined };
}

// The numbers and names of months, with what may be between them; undefined for any other text.
function dateFields(text) {
  const fields = [];
  for (const piece of text.match(/\d+|\p{Alphabetic}+|[^\d\p{Alphabetic}]+/gu) || []) {
    if (/^\d+$/.test(piece)) {
      if (![1, 2, 4].includes(piece.length)) return undefined;
      fields.push({ number: Number(piece), digits: piece.length, isName: false });
    } else if (/^\p{Alphabetic}/u.test(piece)) {
      if (["de", "年", "日", "년", "일"].includes(piece)) continue;
      if (["月", "월"].includes(piece) && fields.length > 0) fields.at(-1).isName = true;
      else if (monthOf(piece) === 0) return undefined;
      else fields.push({ number: monthOf(piece), digits: 2, isName: true });
    } else if (!/^[-./ ,\u00A0\u202F]{1,4}$/.test(piece) || fields.length === 0) return undefined;
  }
  return fields;
}

function monthOf(word) {
  if ([...word].length < 3) return 0;
  const whole = MONTH_NAMES.findIndex((names) => names.includes(word));
  return 1 + (whole >= 0 ? whole : MONTH_NAMES.findIndex((names) => names.some((name) => name.startsWith(word))));
}
