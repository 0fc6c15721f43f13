// Names of columns that look like other names, as in invisible.rs.
const SPACE_AT_AN_END = /^(?![\0-\x7f])\p{White_Space}|(?![\0-\x7f])\p{White_Space}$/u;

// True if nothing of it can be seen.
function isBlankName(name) {
  return [...name].every((one) => /\p{White_Space}/u.test(one) || INVISIBLE.test(one));
}

// The first character of a name that makes it another one than it looks like, as in invisible.rs.
function hiddenInName(name) {
  const characters = [...name];
  const isAscii = (one) => one === undefined || one < "\x80";
  const isHidden = (one, at) => {
    const [before, next] = [characters[at - 1], characters[at + 1]];
    const isJoined = belongsTo(before ?? "", one) && (/[\ufe0e\ufe0f]/.test(one) || !isAscii(next));
    return INVISIBLE.test(one) && !isJoined && !"\t\n\r".includes(one);
  };
  const space = SPACE_AT_AN_END.test(name) && characters.find((one) => !isAscii(one) && /\p{White_Space}/u.test(one));
  const hidden = space || characters.find(isHidden);
  return hidden === undefined ? undefined : hidden.codePointAt(0);
}
