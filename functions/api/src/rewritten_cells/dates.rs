//! Dates and times in every order and with the names of months: `2026-11-24`, `24.11.26`, `24-Nov-26`, `3-4`, `03. Apr`, `46350`,
//! `2026-11-24 08:00`, `8:05 AM`.

use super::serials::{self, Number};

/// The months' names, of which a cell may show the first letters (three or more), and other short forms.
const MONTHS: [&str; 12] = [
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
];
const NAME_CHARS_MIN: usize = 3;
const DAY_SECONDS: u32 = 86_400;

/// A date, a time, or both, with the date's numbers in the order in which they are written.
#[derive(Debug, Default)]
struct Moment {
    fields: Vec<Field>,
    /// Seconds from midnight, and whether seconds are written.
    time: Option<(u32, bool)>,
    has_slash: bool,
}

#[derive(Debug, Clone, Copy)]
struct Field {
    number: u32,
    digits: usize,
    is_name: bool,
}

/// True if both are the same date or time, and `new` is not what a person makes of `old`.
pub(super) fn is_same_moment(old: &str, new: &str) -> bool {
    let before = moment(old);
    if before.as_ref().or(eight_digits(old).as_ref()).is_some_and(|before| before.is_serial(new) || serials::is_without_hours(old, new)) {
        return true;
    }
    let (Some(before), Some(after)) = (before, moment(new)) else { return false };
    let is_by_hand = old.eq_ignore_ascii_case(new) || before.is_whole() && is_iso(new) || format!("0{old}") == new;
    !is_by_hand && before.is_same_date(&after) && before.is_same_time(&after)
}

/// `20261124`.
fn eight_digits(text: &str) -> Option<Moment> {
    let is_whole = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let field = |from: usize, to: usize| Some(Field { number: text.get(from..to)?.parse().ok()?, digits: to - from, is_name: false });
    let fields = is_whole.then(|| Some(vec![field(0, 4)?, field(4, 6)?, field(6, 8)?]))??;
    Some(Moment { fields, ..Moment::default() })
}

impl Moment {
    fn is_same_date(&self, new: &Moment) -> bool {
        let (before, after) = (sorted(&self.fields), sorted(&new.fields));
        let has_all = |most: &[u32], few: &[u32]| {
            let mut left = most.to_vec();
            few.iter().all(|number| left.iter().position(|known| known == number).map(|place| left.remove(place)).is_some())
        };
        let is_date = self.is_date() && new.is_date();
        match (before.len(), after.len()) {
            (0, 0) => self.time.is_some(),
            (3, 3) => is_date && before == after && new.is_as_shown(),
            (2, 3) => is_date && has_all(&after, &before) && new.is_as_shown(),
            (3, 2) => is_date && has_all(&before, &after) && new.has_name(),
            (2, 2) => is_date && before == after && (new.has_name() || self.has_year() && new.has_year() && new.fields[0].digits != 4),
            _ => false,
        }
    }

    fn is_same_time(&self, new: &Moment) -> bool {
        match (self.time, new.time) {
            (before, None) => !self.fields.is_empty() || before.is_none(),
            (None, Some((after, _))) => after == 0,
            (Some((before, has_seconds)), Some((after, shows_seconds))) => {
                let (before, after) = (before % DAY_SECONDS, after % DAY_SECONDS);
                before == after || !self.fields.is_empty() && has_seconds != shows_seconds && before / 60 == after / 60
            }
        }
    }

    /// `new` is its number, as spreadsheets count days.
    fn is_serial(&self, new: &str) -> bool {
        let numbers: Vec<Number> = self.fields.iter().map(|field| Number { value: field.number, digits: field.digits }).collect();
        serials::is_serial(&numbers, self.time.map(|(seconds, _)| seconds), new)
    }

    /// One of the numbers can be a month, and another one a day.
    fn is_date(&self) -> bool {
        let all = || self.fields.iter().enumerate();
        let is_month = |field: &Field| field.is_name || !self.has_name() && matches!(field.number, 1..=12) && field.digits <= 2;
        let is_day = |field: &Field| !field.is_name && (matches!(field.number, 1..=31) && field.digits <= 2 || self.fields.len() == 2);
        all().any(|(place, month)| is_month(month) && all().any(|(other, day)| other != place && is_day(day)))
    }

    /// A date that can be no number of a version or a chapter.
    fn is_whole(&self) -> bool {
        self.fields.len() == 3 && (self.has_year() || self.has_name() || self.fields.iter().all(|field| field.digits == 2))
    }

    /// As spreadsheets show dates.
    fn is_as_shown(&self) -> bool {
        self.is_whole() || self.has_slash
    }

    fn has_name(&self) -> bool {
        self.fields.iter().any(|field| field.is_name)
    }

    fn has_year(&self) -> bool {
        self.fields.iter().any(|field| field.digits == 4)
    }
}

/// The numbers of a date, without the century.
fn sorted(fields: &[Field]) -> Vec<u32> {
    let mut numbers: Vec<u32> = fields.iter().map(|field| field.number % 100).collect();
    numbers.sort_unstable();
    numbers
}

/// `2026-11-24`, alone or with `T` and a time.
fn is_iso(text: &str) -> bool {
    let shape = |(place, byte): (usize, u8)| if matches!(place, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() };
    text.len() >= 10 && text.bytes().take(10).enumerate().all(shape) && matches!(text.as_bytes().get(10), None | Some(b'T'))
}

/// `None` if the text is neither a date nor a time.
fn moment(text: &str) -> Option<Moment> {
    let lower = text.to_lowercase();
    let (date, time) = match lower.find(':') {
        None => (lower.as_str(), None),
        Some(colon) => {
            let hours = lower[..colon].trim_end_matches(|c: char| c.is_ascii_digit()).len();
            (&lower[..hours], Some(time(&lower[hours..])?))
        }
    };
    let date = if time.is_some() { date.trim_end_matches(['t', ' ', ',']) } else { date };
    let fields = fields(date)?;
    (fields.len() <= 3 && (fields.len() >= 2 || fields.is_empty() && time.is_some())).then_some(Moment {
        fields,
        time,
        has_slash: date.contains('/'),
    })
}

/// `8:05`, `08:05:30.5`, `8:05 pm`, `08:05:00z`.
fn time(text: &str) -> Option<(u32, bool)> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == ':')).unwrap_or(text.len());
    let numbers: Vec<u32> = text[..end].split(':').map(|part| part.parse().ok().filter(|_| part.len() <= 2)).collect::<Option<_>>()?;
    let (hours, minutes, seconds) = match numbers[..] {
        [hours, minutes] => (hours, minutes, 0),
        [hours, minutes, seconds] => (hours, minutes, seconds),
        _ => return None,
    };
    let rest = text[end..].strip_prefix('.').map_or(&text[end..], |rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    let is_zone = |rest: &str| rest.starts_with(['+', '-']) && rest[1..].bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
    let hours = match rest.trim() {
        "am" | "a.m." => hours % 12,
        "pm" | "p.m." => hours % 12 + 12,
        rest if rest.is_empty() || rest == "z" || is_zone(rest) => hours,
        _ => return None,
    };
    (minutes < 60 && seconds < 60).then_some((hours * 3600 + minutes * 60 + seconds, numbers.len() == 3))
}

/// The numbers and names of months, with what may be between them.
fn fields(text: &str) -> Option<Vec<Field>> {
    let (mut fields, mut rest) = (Vec::new(), text);
    while let Some(first) = rest.chars().next() {
        let kind = |c: char| {
            if c.is_ascii_digit() {
                0
            } else if c.is_alphabetic() {
                1
            } else {
                2
            }
        };
        let end = rest.find(|c: char| kind(c) != kind(first)).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        match kind(first) {
            0 if matches!(piece.len(), 1 | 2 | 4) => {
                fields.push(Field { number: piece.parse().ok()?, digits: piece.len(), is_name: false })
            }
            1 if matches!(piece, "de" | "年" | "日" | "년" | "일") => {}
            1 if matches!(piece, "月" | "월") => fields.last_mut()?.is_name = true,
            1 => fields.push(Field { number: month(piece)?, digits: 2, is_name: true }),
            2 if piece.chars().all(|c| "-./ ,\u{a0}\u{202f}".contains(c)) && !fields.is_empty() && piece.len() <= 4 => {}
            _ => return None,
        }
        rest = after;
    }
    Some(fields)
}

fn month(word: &str) -> Option<u32> {
    let place_of = |test: fn(&str, &str) -> bool| MONTHS.iter().position(|names| names.split(' ').any(|name| test(name, word)));
    let place = place_of(|name, word| name == word).or_else(|| place_of(|name, word| name.starts_with(word)));
    place.filter(|_| word.chars().count() >= NAME_CHARS_MIN).and_then(|place| u32::try_from(place + 1).ok())
}
