//! Tables for people: aligned columns, cut to the terminal's width, with control characters made visible.

use console::{Alignment, measure_text_width, pad_str, truncate_str};

use crate::out::printable;

const GAP: &str = "  ";
/// No column is made narrower than this.
const COLUMN_WIDTH_MIN: usize = 8;

/// The widths of the columns, computed from the titles and some rows.
#[derive(Clone, Debug)]
pub struct Layout {
    widths: Vec<usize>,
    alignments: Vec<Alignment>,
    cut: bool,
}

impl Layout {
    /// The layout for these rows. A title that begins with `>` marks a column of numbers; one with `!` marks a column
    /// that is never cut. If `columns` is given, the widest columns are made narrower until a line fits.
    #[must_use]
    pub fn of(titles: &[&str], rows: &[Vec<String>], columns: Option<usize>) -> Layout {
        let alignments: Vec<Alignment> =
            titles.iter().map(|title| if title.starts_with('>') { Alignment::Right } else { Alignment::Left }).collect();
        let mut widths: Vec<usize> = titles.iter().map(|title| measure_text_width(bare(title))).collect();
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(measure_text_width(&printable(cell)));
            }
        }
        if let Some(columns) = columns {
            let whole: Vec<bool> = titles.iter().map(|title| title.starts_with('!')).collect();
            shrink(&mut widths, &whole, columns);
        }
        Layout { widths, alignments, cut: columns.is_some() }
    }

    /// The row of titles.
    #[must_use]
    pub fn titles(&self, titles: &[&str]) -> String {
        self.line(&titles.iter().map(|title| bare(title).to_owned()).collect::<Vec<_>>())
    }

    /// A row. In a column that is not cut, a cell that is too wide moves the rest of the line.
    #[must_use]
    pub fn line(&self, cells: &[String]) -> String {
        let cells = cells.iter().zip(&self.widths).zip(&self.alignments).map(|((cell, width), alignment)| {
            let text = printable(cell);
            let text = if self.cut { truncate_str(&text, *width, "…").into_owned() } else { text };
            pad_str(&text, *width, *alignment, None).into_owned()
        });
        cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    }
}

/// A whole table.
#[must_use]
pub fn render(titles: &[&str], rows: &[Vec<String>], columns: Option<usize>) -> String {
    let layout = Layout::of(titles, rows, columns);
    std::iter::once(layout.titles(titles)).chain(rows.iter().map(|row| layout.line(row))).collect::<Vec<_>>().join("\n")
}

/// A title without its mark.
fn bare<'a>(title: &&'a str) -> &'a str {
    title.trim_start_matches(['>', '!'])
}

/// Makes the widest columns narrower until a line fits, except those that are never cut.
fn shrink(widths: &mut [usize], whole: &[bool], columns: usize) {
    let gaps = GAP.len() * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > columns {
        match widths.iter_mut().zip(whole).filter(|(_, whole)| !**whole).map(|(width, _)| width).max() {
            Some(widest) if *widest > COLUMN_WIDTH_MIN => *widest -= 1,
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[[&str; 3]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect()
    }

    #[test]
    fn columns_are_aligned_by_visible_width() {
        let rows = rows(&[["7", "né 漢", "first"], ["1000", "x", "a\nb\u{1b}[2J"]]);
        assert_eq!(render(&[">n", "id", "message"], &rows, None), "   n  id     message\n   7  né 漢  first\n1000  x      a\\nb\\u001b[2J");
    }

    #[test]
    fn a_column_for_copying_is_never_cut() {
        let id = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
        let rows = rows(&[[id, "Completed (settling)", "a long name of a processor"]]);
        for columns in [10, 40, 60] {
            assert!(render(&["!id", "status", "processor"], &rows, Some(columns)).contains(id), "{columns}");
        }
    }

    #[test]
    fn a_line_is_never_wider_than_the_terminal() {
        let long = "m".repeat(200);
        let rows = rows(&[["1", "id-of-this-item", &long], ["2", "y", "short"]]);
        let table = render(&[">n", "id", "message"], &rows, Some(50));
        assert!(table.lines().all(|line| measure_text_width(line) <= 50), "{table}");
        assert!(table.contains('…') && table.contains("id-of-this-item"));
        assert!(render(&[">n", "id", "message"], &rows, None).contains(&long));
    }
}
