//! The prepared instruction table: what the main loop runs.
//!
//! A row is `Name = source instruction, "what it does"`. Most rows are a 3.6 instruction as it is;
//! the others are two instructions in one, or an instruction specialised by what it met.

/// Declares the enum and its descriptions.
macro_rules! prepared {
    ($($name:ident = $from:literal, $what:literal;)*) => {
        /// A prepared operation.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum P { $($name,)* }

        impl P {
            pub const ALL: &'static [P] = &[$(P::$name,)*];
            /// The 3.6 instruction it came from, and what it does.
            pub fn describe(self) -> (&'static str, &'static str) {
                match self { $(P::$name => ($from, $what),)* }
            }
        }
    };
}

prepared! {
    Nop = "NOP", "nothing: a line that a jump may pass over";
    PopTop = "POP_TOP", "drops the top";
    RotTwo = "ROT_TWO", "swaps two";
    RotThree = "ROT_THREE", "sinks the top below two";
    RotN = "ROT_N", "sinks the top below n-1";
    DupTop = "DUP_TOP", "repeats the top";
    ChainedCompare = "DUP_TOP", "a < b, the first part of a < b < c";
    DupTopTwo = "DUP_TOP_TWO", "repeats the two at the top";
    LoadConst = "LOAD_CONST", "pushes a constant";
    LoadFast = "LOAD_FAST", "pushes a local that may be unbound";
    StoreFast = "STORE_FAST", "binds a local";
    DeleteFast = "DELETE_FAST", "unbinds a local";
    ClearFast = "CLEAR_FAST", "unbinds a local that may be unbound";
    LoadName = "LOAD_NAME", "local, global or built-in name";
    LoadNameModule = "LOAD_NAME", "at module level: global name at a known entry";
    LoadNameBuiltin = "LOAD_NAME", "at module level: built-in name at a known entry";
    StoreName = "STORE_NAME", "binds a name in the namespace";
    StoreNameModule = "STORE_NAME", "at module level: binds the global at a known entry";
    DeleteName = "DELETE_NAME", "unbinds a name in the namespace";
    LoadGlobal = "LOAD_GLOBAL", "global or built-in name, not cached yet";
    LoadGlobalModule = "LOAD_GLOBAL", "global name at a known entry";
    LoadGlobalBuiltin = "LOAD_GLOBAL", "built-in name at a known entry";
    GlobalCallFast = "LOAD_GLOBAL", "a native built-in called with a local";
    StoreGlobal = "STORE_GLOBAL", "binds a global";
    StoreGlobalModule = "STORE_GLOBAL", "binds the global at a known entry";
    DeleteGlobal = "DELETE_GLOBAL", "unbinds a global";
    LoadClosure = "LOAD_CLOSURE", "pushes a cell";
    LoadDeref = "LOAD_DEREF", "pushes a cell's content";
    LoadClassDeref = "LOAD_CLASSDEREF", "namespace, then cell";
    StoreDeref = "STORE_DEREF", "fills a cell";
    DeleteDeref = "DELETE_DEREF", "empties a cell";
    MakeCell = "MAKE_CELL", "a new cell in place of one";
    LoadFromDictOrDeref = "LOAD_FROM_DICT_OR_DEREF", "mapping, then cell";
    LoadFromDictOrGlobals = "LOAD_FROM_DICT_OR_GLOBALS", "mapping, then globals";
    LoadLocals = "LOAD_LOCALS", "pushes the namespace";
    UnaryPositive = "UNARY_POSITIVE", "+a";
    UnaryNegative = "UNARY_NEGATIVE", "-a";
    UnaryNot = "UNARY_NOT", "not a";
    UnaryInvert = "UNARY_INVERT", "~a";
    BinaryAdd = "BINARY_ADD", "a + b";
    BinarySubtract = "BINARY_SUBTRACT", "a - b";
    BinaryMultiply = "BINARY_MULTIPLY", "a * b";
    BinaryTrueDivide = "BINARY_TRUE_DIVIDE", "a / b";
    BinaryFloorDivide = "BINARY_FLOOR_DIVIDE", "a // b";
    BinaryModulo = "BINARY_MODULO", "a % b";
    BinaryPower = "BINARY_POWER", "a ** b";
    BinaryOther = "BINARY_AND", "the operator named by the argument";
    BinaryAnd = "BINARY_AND", "a & b";
    BinaryOr = "BINARY_OR", "a | b";
    BinaryXor = "BINARY_XOR", "a ^ b";
    BinaryLshift = "BINARY_LSHIFT", "a << b";
    BinaryRshift = "BINARY_RSHIFT", "a >> b";
    InplaceAdd = "INPLACE_ADD", "a += b";
    InplaceSubtract = "INPLACE_SUBTRACT", "a -= b";
    InplaceMultiply = "INPLACE_MULTIPLY", "a *= b";
    InplaceOther = "INPLACE_AND", "the in-place operator named by the argument";
    InplacePower = "INPLACE_POWER", "a **= b";
    BinarySubscr = "BINARY_SUBSCR", "a[b]";
    StoreSubscr = "STORE_SUBSCR", "a[b] = c";
    DeleteSubscr = "DELETE_SUBSCR", "del a[b]";
    CompareOp = "COMPARE_OP", "one of the six comparisons";
    CompareJump = "COMPARE_OP", "compares, jumps by the outcome";
    Is = "COMPARE_OP", "a is b";
    IsNot = "COMPARE_OP", "a is not b";
    In = "COMPARE_OP", "a in b";
    NotIn = "COMPARE_OP", "a not in b";
    ExceptionMatch = "COMPARE_OP", "does the exception match";
    JumpForward = "JUMP_FORWARD", "jumps forward";
    JumpBackward = "JUMP_ABSOLUTE", "jumps back, looks for requests";
    PopJumpIfFalse = "POP_JUMP_IF_FALSE", "jumps if false";
    PopJumpIfTrue = "POP_JUMP_IF_TRUE", "jumps if true";
    JumpIfFalseOrPop = "JUMP_IF_FALSE_OR_POP", "jumps if false, else drops";
    JumpIfTrueOrPop = "JUMP_IF_TRUE_OR_POP", "jumps if true, else drops";
    GetIter = "GET_ITER", "iter(a)";
    GetYieldFromIter = "GET_YIELD_FROM_ITER", "iter(a) for yield from";
    ForIter = "FOR_ITER", "next item, or jumps";
    ForRange = "FOR_ITER", "next int of a range, or jumps";
    ForList = "FOR_ITER", "next item of a list, or jumps";
    ForGenerator = "FOR_ITER", "into a generator";
    ForPair = "FOR_ITER", "next pair, which is unpacked at once, or jumps";
    ForIterStoreFast = "FOR_ITER", "next item into a local, or jumps";
    ForRangeStoreFast = "FOR_ITER", "next int of a range into a local, or jumps";
    ForListStoreFast = "FOR_ITER", "next item of a list into a local, or jumps";
    ForGeneratorStoreFast = "FOR_ITER", "into a generator, whose item goes into a local";
    LoadAttr = "LOAD_ATTR", "attribute, not cached yet";
    LoadAttrSlot = "LOAD_ATTR", "instance attribute at a known index of a known shape";
    LoadAttrMember = "LOAD_ATTR", "__slots__ member at a known offset";
    LoadAttrClass = "LOAD_ATTR", "a value of the type, known by its version";
    LoadAttrOnType = "LOAD_ATTR", "attribute of a class, known by its version";
    LoadAttrProperty = "LOAD_ATTR", "calls the Python getter of a property";
    LoadAttrDescr = "LOAD_ATTR", "asks a native descriptor of the type";
    LoadAttrModule = "LOAD_ATTR", "module attribute at a known entry";
    LoadAttrGeneric = "LOAD_ATTR", "attribute, the slow way";
    StoreAttr = "STORE_ATTR", "sets an attribute, not cached yet";
    StoreAttrSlot = "STORE_ATTR", "sets an instance attribute at a known index";
    StoreAttrAdd = "STORE_ATTR", "adds an instance attribute by a known transition";
    StoreAttrMember = "STORE_ATTR", "sets a __slots__ member";
    StoreAttrGeneric = "STORE_ATTR", "sets an attribute, the slow way";
    DeleteAttr = "DELETE_ATTR", "deletes an attribute";
    LoadMethod = "LOAD_ATTR", "method for a call, not cached yet";
    LoadMethodType = "LOAD_ATTR", "method known by type version and shape";
    LoadMethodWord = "LOAD_ATTR", "method of a value that is no object, known by type version";
    MethodCall = "LOAD_ATTR", "a native method called without arguments";
    MethodCallFast = "LOAD_ATTR", "a native method called with a local";
    LoadMethodModule = "LOAD_ATTR", "a module's callable at a known entry";
    LoadMethodOnType = "LOAD_ATTR", "a class's callable, known by its version";
    LoadMethodUnbound = "LOAD_ATTR", "a static or class method, known by type version and shape";
    LoadMethodGeneric = "LOAD_ATTR", "method for a call, the slow way";
    CallMethod = "CALL_FUNCTION", "calls what LoadMethod pushed";
    CallFunction = "CALL_FUNCTION", "calls with positional arguments";
    CallFunctionKw = "CALL_FUNCTION_KW", "calls with named arguments";
    CallFunctionEx = "CALL_FUNCTION_EX", "calls with unpacked arguments";
    MakeFunction = "MAKE_FUNCTION", "makes a function";
    BuildTuple = "BUILD_TUPLE", "makes a tuple";
    BuildList = "BUILD_LIST", "makes a list";
    BuildSet = "BUILD_SET", "makes a set";
    BuildMap = "BUILD_MAP", "makes a dict";
    BuildConstKeyMap = "BUILD_CONST_KEY_MAP", "makes a dict from constant keys";
    BuildString = "BUILD_STRING", "joins strings";
    BuildSlice = "BUILD_SLICE", "makes a slice";
    BuildListUnpack = "BUILD_LIST_UNPACK", "joins iterables to a list";
    BuildTupleUnpack = "BUILD_TUPLE_UNPACK", "joins iterables to a tuple";
    BuildTupleUnpackWithCall = "BUILD_TUPLE_UNPACK_WITH_CALL", "the same for a call";
    BuildSetUnpack = "BUILD_SET_UNPACK", "joins iterables to a set";
    BuildMapUnpack = "BUILD_MAP_UNPACK", "joins mappings";
    BuildMapUnpackWithCall = "BUILD_MAP_UNPACK_WITH_CALL", "joins mappings for a call";
    UnpackSequence = "UNPACK_SEQUENCE", "unpacks n items";
    UnpackEx = "UNPACK_EX", "unpacks with a starred target";
    ListAppend = "LIST_APPEND", "appends in a comprehension";
    SetAdd = "SET_ADD", "adds in a comprehension";
    MapAdd = "MAP_ADD", "sets in a comprehension";
    FormatValue = "FORMAT_VALUE", "formats a value";
    ReturnValue = "RETURN_VALUE", "returns";
    ReturnUnwind = "RETURN_VALUE", "returns through finally clauses";
    YieldValue = "YIELD_VALUE", "yields";
    YieldFrom = "YIELD_FROM", "delegates";
    BreakLoop = "BREAK_LOOP", "leaves the loop through its blocks";
    ContinueLoop = "CONTINUE_LOOP", "goes on with the loop through its blocks";
    EndFinally = "END_FINALLY", "ends a finally clause";
    EndExcept = "END_FINALLY", "no handler matched: raises again";
    EnterFinally = "LOAD_CONST", "completes the ordinary entry of a finally clause";
    PopExcept = "POP_EXCEPT", "leaves a handler";
    SetupWith = "SETUP_WITH", "calls __enter__";
    BeforeAsyncWith = "BEFORE_ASYNC_WITH", "calls __aenter__";
    WithCleanupStart = "WITH_CLEANUP_START", "calls __exit__";
    WithCleanupFinish = "WITH_CLEANUP_FINISH", "looks at what __exit__ said";
    RaiseVarargs = "RAISE_VARARGS", "raises";
    Reraise = "RERAISE", "raises again";
    ImportName = "IMPORT_NAME", "imports";
    ImportFrom = "IMPORT_FROM", "a name of a module";
    ImportStar = "IMPORT_STAR", "all names of a module";
    LoadBuildClass = "LOAD_BUILD_CLASS", "pushes __build_class__";
    SetupAnnotations = "SETUP_ANNOTATIONS", "makes __annotations__";
    StoreAnnotation = "STORE_ANNOTATION", "sets an item of __annotations__";
    PrintExpr = "PRINT_EXPR", "sys.displayhook";
    GetAwaitable = "GET_AWAITABLE", "the iterator of an awaitable";
    GetAiter = "GET_AITER", "aiter(a)";
    GetAnext = "GET_ANEXT", "the awaitable of the next item";
    GetLen = "GET_LEN", "len of the subject";
    MatchMapping = "MATCH_MAPPING", "is it a mapping";
    MatchSequence = "MATCH_SEQUENCE", "is it a sequence";
    MatchKeys = "MATCH_KEYS", "values for keys";
    MatchClass = "MATCH_CLASS", "attributes of an instance";
    CheckEgMatch = "CHECK_EG_MATCH", "splits an exception group";
    BuildTemplate = "BUILD_TEMPLATE", "makes a template";
    BuildInterpolation = "BUILD_INTERPOLATION", "makes an interpolation";
    LoadCommonConstant = "LOAD_COMMON_CONSTANT", "an exception class";
    CallIntrinsic1 = "CALL_INTRINSIC_1", "a function of the machine";
    CallIntrinsic2 = "CALL_INTRINSIC_2", "a function of the machine";
    LoadFastFast = "LOAD_FAST", "pushes two locals";
    LoadFastConst = "LOAD_FAST", "pushes a local and a constant";
    FastFastAdd = "LOAD_FAST", "adds two locals";
    FastFastSubtract = "LOAD_FAST", "subtracts a local from another";
    FastFastMultiply = "LOAD_FAST", "multiplies two locals";
    FastFastArith = "LOAD_FAST", "another operator on two locals";
    FastFastSubscr = "LOAD_FAST", "subscripts a local by another";
    FastFastStoreSubscr = "LOAD_FAST", "sets an item of a local at another";
    FastFastCompareJump = "LOAD_FAST", "compares two locals, jumps by the outcome";
    FastConstAdd = "LOAD_FAST", "adds a constant to a local";
    FastConstSubtract = "LOAD_FAST", "subtracts a constant from a local";
    FastConstMultiply = "LOAD_FAST", "multiplies a local by a constant";
    FastConstArith = "LOAD_FAST", "another operator on a local and a constant";
    FastConstSubscr = "LOAD_FAST", "subscripts a local by a constant";
    FastConstCompareJump = "LOAD_FAST", "compares a local to a constant, jumps by the outcome";
    FastIsJump = "LOAD_FAST", "jumps if a local is, or is not, a constant";
    FastAdd = "LOAD_FAST", "adds a local to the top";
    FastSubtract = "LOAD_FAST", "subtracts a local from the top";
    FastMultiply = "LOAD_FAST", "multiplies the top by a local";
    FastArith = "LOAD_FAST", "another operator on the top and a local";
    FastSubscr = "LOAD_FAST", "subscripts the top by a local";
    FastCompareJump = "LOAD_FAST", "compares the top to a local, jumps by the outcome";
    FastAttr = "LOAD_FAST", "attribute of a local";
    FastStoreAttr = "LOAD_FAST", "sets an attribute of a local";
    FastPopJump = "LOAD_FAST", "jumps by the truth of a local";
    FastReturn = "LOAD_FAST", "returns a local";
    ConstAdd = "LOAD_CONST", "adds a constant to the top";
    ConstSubtract = "LOAD_CONST", "subtracts a constant from the top";
    ConstMultiply = "LOAD_CONST", "multiplies the top by a constant";
    ConstArith = "LOAD_CONST", "another operator on the top and a constant";
    ConstSubscr = "LOAD_CONST", "subscripts the top by a constant";
    ConstCompareJump = "LOAD_CONST", "compares the top to a constant, jumps by the outcome";
    StoreFastLoadFast = "STORE_FAST", "binds a local, pushes another";
    StoreFastJump = "STORE_FAST", "binds a local, jumps back";
    UnpackStoreFast = "UNPACK_SEQUENCE", "unpacks two items into locals";
}
