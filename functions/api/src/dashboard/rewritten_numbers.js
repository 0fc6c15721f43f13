// Numbers in every way to write them, as in rewritten_cells/numbers.rs.
function isSameNumber(old, now) {
  if (old !== now && /^-?[Ii]nf$/.test(now) && (isInfinite(old) || readingsOf(old).some((one) => Math.abs(valueOfNumber(one)) === Infinity))) return true;
  const [before, after] = [readingsOf(old), readingsOf(now)];
  const some = (test) => before.some((one) => after.some((other) => test(one, other)));
  const isByHand = (one, other) => isEqualNumber(one, other) && (isOnlyFilled(one, other) || hasGotAPoint(one, other));
  return !some(isByHand) && some((one, other) => isEqualNumber(one, other) || isRounded(one, other));
}

// `INF`, `-Infinity`: a number beyond the range of doubles, for which data frames write `inf` or `Inf`.
function isInfinite(text) {
  return /^[-+]*inf(inity)?$/i.test(text);
}

function isEqualNumber(old, now) {
  const isUndressed = (old.hasCurrency && !now.hasCurrency) || (old.isPercent && !now.isPercent);
  const [before, after] = [canonicalNumber(old), canonicalNumber(now)];
  return !isUndressed && before.sign === after.sign && before.digits === after.digits && before.power === after.power;
}

// Only zeros or a plus were added: nobody does that but a person.
function isOnlyFilled(old, now) {
  const isDressedAlike = ["isNegative", "isUnusual", "hasCurrency", "isPercent"].every((part) => old[part] === now[part]) && (now.isPlus || !old.isPlus);
  const isPlain = old.exponent === null && now.exponent === null && old.group === now.group && (old.point === "" || old.point === now.point);
  return isDressedAlike && isPlain && old.whole !== "" && now.whole.length >= old.whole.length && now.fraction.length >= old.fraction.length;
}

function hasGotAPoint(old, now) {
  return old.point === "," && now.point === "." && now.group === "" && old.exponent === now.exponent;
}

// `1.23457E+19`, `12345678901234600000`, `3.141592654`: spreadsheets keep 15 digits, and often show fewer of them.
function isRounded(old, now) {
  const [before, after] = [old, now].map(valueOfNumber);
  if (!Number.isFinite(before) || !Number.isFinite(after)) return false;
  const differBy = (most) => Math.abs(before - after) <= most;
  const [had, has] = [digitsOf(old), digitsOf(now)];
  const hasLostDigits = had.length > 15 && /^0*$/.test(has.slice(15));
  const isShownShorter = old.point !== "" && now.fraction.length < old.fraction.length && has.length >= 9 && now.exponent === null;
  return (now.exponent !== null && differBy(Math.abs(before) * 1e-2))
    || (had.length > 15 && before === after && isOfDouble(now, before))
    || (hasLostDigits && differBy(Math.abs(before) * 1e-14))
    || (isShownShorter && differBy(0.5 * 0.1 ** now.fraction.length));
}

// The digits that programs write for this double: all of them, or as few as tell it from others.
function isOfDouble(number, value) {
  const all = Number.isInteger(value) ? String(BigInt(Math.abs(value))) : "";
  const few = Math.abs(value).toExponential().replace(/e.*$/, "").replace(".", "");
  return [all, few].some((digits) => digits.replace(/0+$/, "") === canonicalNumber(number).digits);
}

// `3.14` for `3.14159`: fewer digits after the point, but to whole numbers people round.
function isShortenedNumber(old, now) {
  const [before, after] = [readingsOf(old), readingsOf(now)];
  return before.some((one) => after.some((other) => isShortened(one, other)));
}

function isShortened(old, now) {
  const [before, after] = [old, now].map(valueOfNumber);
  if (!Number.isFinite(before) || !Number.isFinite(after)) return false;
  const [had, has] = [old, now].map(({ fraction, exponent }) => fraction.length - (exponent || 0));
  const isShorter = now.exponent === null ? had > has && (has > 0 || had >= 3) : digitsOf(old).length > digitsOf(now).length;
  const isDressedAlike = after === 0 || ["isNegative", "isPlus", "isUnusual", "hasCurrency", "isPercent"].every((part) => old[part] === now[part]);
  return isShorter && isDressedAlike && Math.abs(before - after) <= 0.5 * 10 ** -has * (1 + 1e-14);
}

function digitsOf({ whole, fraction }) {
  return (whole + fraction).replace(/^0+/, "");
}

// The digits without zeros at either end, and the power of ten of the last one.
function canonicalNumber(number) {
  const digits = digitsOf(number);
  const short = digits.replace(/0+$/, "");
  if (short === "") return { sign: "", digits: "", power: 0 };
  const power = digits.length - short.length - number.fraction.length - (number.isPercent ? 2 : 0) + (number.exponent || 0);
  return { sign: number.isNegative ? "-" : "", digits: short, power };
}

function valueOfNumber(number) {
  const { sign, digits, power } = canonicalNumber(number);
  return Number(`${sign}0${digits}e${power}`);
}

// The numbers that a text can be, by what separates groups and what begins the fraction.
function readingsOf(text) {
  const undressed = undressedNumber(text);
  if (!undressed) return [];
  const [, body, written] = /^([^eE]*)(?:[eE](.*))?$/su.exec(undressed.body);
  if (written !== undefined && !/^[+-]?\d{1,4}$/.test(written)) return [];
  const exponent = written === undefined ? null : Number(written);
  const found = new Map();
  for (const point of [".", ","]) {
    for (const group of ["", ".", ",", " ", "\u00A0", "\u202F", "'", "’"]) {
      const reading = group === point ? undefined : readingOf(body, point, group);
      if (reading) found.set(JSON.stringify(reading), { ...undressed, ...reading, exponent });
    }
  }
  return [...found.values()];
}

function readingOf(body, point, group) {
  const at = body.indexOf(point);
  const [written, fraction] = at < 0 ? [body, ""] : [body.slice(0, at), body.slice(at + 1)];
  const whole = group === "" ? written : withoutGroups(written, group);
  if (whole === undefined || !/^\d*$/.test(whole) || !/^\d*$/.test(fraction) || whole + fraction === "") return undefined;
  return { whole, fraction, point: at < 0 ? "" : point, group };
}

// `1234567` for `1,234,567` or, as in India, `12,34,567`; undefined if there are no groups.
function withoutGroups(whole, group) {
  const [first, ...rest] = whole.split(group);
  const last = rest.pop();
  const same = (length) => rest.every((inner) => inner.length === length);
  const isGrouped = last !== undefined && last.length === 3 && first.length >= 1 && first.length <= 3 && !first.startsWith("0");
  return isGrouped && (same(3) || (same(2) && first.length <= 2)) ? first + rest.join("") + last : undefined;
}

// The text without sign, parentheses, currency and percent; each once, at either end.
function undressedNumber(text) {
  const dress = { isNegative: false, isPlus: false, isUnusual: false, hasCurrency: false, isPercent: false };
  let body = text;
  if (/^\(.*\)$/su.test(body)) {
    body = body.slice(1, -1);
    Object.assign(dress, { isNegative: true, isUnusual: true });
  }
  const currency = "[$£¥¤\u20A0-\u20CF]";
  for (let piece = 0; piece < 4; piece += 1) {
    body = body.trim();
    const isSigned = dress.isNegative || dress.isPlus;
    const take = (pattern, ...parts) => {
      if (!pattern.test(body)) return false;
      body = body.replace(pattern, "");
      for (const part of parts) dress[part] = true;
      return true;
    };
    (!dress.hasCurrency && (take(new RegExp(`^${currency}`, "u"), "hasCurrency") || take(new RegExp(`${currency}$`, "u"), "hasCurrency")))
      || (!dress.isPercent && take(/%$/, "isPercent"))
      || (!isSigned && (take(/^-/, "isNegative") || take(/^\u2212/, "isNegative", "isUnusual") || take(/[-\u2212]$/, "isNegative", "isUnusual") || take(/^\+/, "isPlus")));
  }
  return /^[\d.,]/.test(body) ? { ...dress, body } : undefined;
}
