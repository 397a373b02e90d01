//! The sweep file as written, its axes and its expansion.
