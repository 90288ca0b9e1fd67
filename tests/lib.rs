//! Nothing here: the tests are in the files beside this folder.
