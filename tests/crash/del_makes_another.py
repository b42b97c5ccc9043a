# A finaliser that makes another object of its class ends in RecursionError, which is ignored.
class A:
    def __del__(self): A()
A()
print('done')
