//! Unicode properties, under their names in ECMA-262.

use super::scripts;

/// Values of `General_Category`: first the short name that the engine knows, then the other names in ECMA-262.
const CATEGORIES: &[&[&str]] = &[
    &["LC", "Cased_Letter"],
    &["Cc", "Control", "cntrl"],
    &["Cf", "Format"],
    &["Co", "Private_Use"],
    &["Cn", "Unassigned"],
    &["C", "Other"],
    &["L", "Letter"],
    &["Ll", "Lowercase_Letter"],
    &["Lm", "Modifier_Letter"],
    &["Lo", "Other_Letter"],
    &["Lt", "Titlecase_Letter"],
    &["Lu", "Uppercase_Letter"],
    &["M", "Mark", "Combining_Mark"],
    &["Mc", "Spacing_Mark"],
    &["Me", "Enclosing_Mark"],
    &["Mn", "Nonspacing_Mark"],
    &["N", "Number"],
    &["Nd", "Decimal_Number", "digit"],
    &["Nl", "Letter_Number"],
    &["No", "Other_Number"],
    &["P", "Punctuation", "punct"],
    &["Pc", "Connector_Punctuation"],
    &["Pd", "Dash_Punctuation"],
    &["Pe", "Close_Punctuation"],
    &["Pf", "Final_Punctuation"],
    &["Pi", "Initial_Punctuation"],
    &["Po", "Other_Punctuation"],
    &["Ps", "Open_Punctuation"],
    &["S", "Symbol"],
    &["Sc", "Currency_Symbol"],
    &["Sk", "Modifier_Symbol"],
    &["Sm", "Math_Symbol"],
    &["So", "Other_Symbol"],
    &["Z", "Separator"],
    &["Zl", "Line_Separator"],
    &["Zp", "Paragraph_Separator"],
    &["Zs", "Space_Separator"],
];

/// Binary properties that the engine supports too: the long name, then the short one.
const BINARY: &[&[&str]] = &[
    &["Alphabetic", "Alpha"],
    &["ASCII_Hex_Digit", "AHex"],
    &["Bidi_Control", "Bidi_C"],
    &["Case_Ignorable", "CI"],
    &["Cased"],
    &["Changes_When_Casefolded", "CWCF"],
    &["Changes_When_Casemapped", "CWCM"],
    &["Changes_When_Lowercased", "CWL"],
    &["Changes_When_Titlecased", "CWT"],
    &["Changes_When_Uppercased", "CWU"],
    &["Dash"],
    &["Default_Ignorable_Code_Point", "DI"],
    &["Deprecated", "Dep"],
    &["Diacritic", "Dia"],
    &["Emoji"],
    &["Emoji_Component", "EComp"],
    &["Emoji_Modifier", "EMod"],
    &["Emoji_Modifier_Base", "EBase"],
    &["Emoji_Presentation", "EPres"],
    &["Extended_Pictographic", "ExtPict"],
    &["Extender", "Ext"],
    &["Grapheme_Base", "Gr_Base"],
    &["Grapheme_Extend", "Gr_Ext"],
    &["Hex_Digit", "Hex"],
    &["IDS_Binary_Operator", "IDSB"],
    &["IDS_Trinary_Operator", "IDST"],
    &["ID_Continue", "IDC"],
    &["ID_Start", "IDS"],
    &["Ideographic", "Ideo"],
    &["Join_Control", "Join_C"],
    &["Logical_Order_Exception", "LOE"],
    &["Lowercase", "Lower"],
    &["Math"],
    &["Noncharacter_Code_Point", "NChar"],
    &["Pattern_Syntax", "Pat_Syn"],
    &["Pattern_White_Space", "Pat_WS"],
    &["Quotation_Mark", "QMark"],
    &["Radical"],
    &["Regional_Indicator", "RI"],
    &["Sentence_Terminal", "STerm"],
    &["Soft_Dotted", "SD"],
    &["Terminal_Punctuation", "Term"],
    &["Unified_Ideograph", "UIdeo"],
    &["Uppercase", "Upper"],
    &["Variation_Selector", "VS"],
    &["White_Space", "space"],
    &["XID_Continue", "XIDC"],
    &["XID_Start", "XIDS"],
];

/// Binary properties of ECMA-262 that the engine does not have.
const NOT_IN_ENGINE: &[&str] = &["Bidi_Mirrored", "Bidi_M", "Changes_When_NFKC_Casefolded", "CWKCF"];

/// True if ECMA-262 has the property that is named between the braces of `\p{…}`.
pub(super) fn exists(name: &str) -> bool {
    NOT_IN_ENGINE.contains(&name) || translate(name, false).is_some()
}

/// Translates what is between the braces of `\p{…}` into members of a class. `None` if ECMA-262 has no such
/// property, or the engine does not.
pub(super) fn translate(name: &str, negated: bool) -> Option<String> {
    let p = if negated { 'P' } else { 'p' };
    let Some((property, value)) = name.split_once('=') else {
        return lone(name, negated).or_else(|| found(CATEGORIES, name).map(|short| format!(r"\{p}{{gc={short}}}")));
    };
    match property {
        "General_Category" | "gc" => found(CATEGORIES, value).map(|short| format!(r"\{p}{{gc={short}}}")),
        "Script" | "sc" if scripts::has(value) => Some(format!(r"\{p}{{sc={value}}}")),
        "Script_Extensions" | "scx" if scripts::has(value) => Some(format!(r"\{p}{{scx={value}}}")),
        _ => None,
    }
}

fn lone(name: &str, negated: bool) -> Option<String> {
    let p = if negated { 'P' } else { 'p' };
    match (name, negated) {
        ("Any", false) => Some(super::sets::ANY.to_owned()),
        ("Any", true) => Some(String::new()),
        ("ASCII", false) => Some(r"\u{0}-\u{7f}".to_owned()),
        ("ASCII", true) => Some(r"\u{80}-\u{10ffff}".to_owned()),
        ("Assigned", _) => Some(if negated { r"\p{gc=Cn}" } else { r"\P{gc=Cn}" }.to_owned()),
        _ => found(BINARY, name).map(|long| format!(r"\{p}{{{long}}}")),
    }
}

fn found(table: &[&[&'static str]], name: &str) -> Option<&'static str> {
    table.iter().find(|names| names.contains(&name)).map(|names| names[0])
}
