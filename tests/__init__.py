"""Tests: data in, result out. One file a module; what several of them read stands beside them."""
