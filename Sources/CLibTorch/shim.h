// libtorch is C++: nothing of it is imported into Swift. CTorch is its only user.
