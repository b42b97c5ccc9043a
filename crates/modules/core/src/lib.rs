//! Native modules without heavy dependencies.
