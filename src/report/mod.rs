//! Tables, plots and pages from what is stored; never trains, never opens a run folder's model.
