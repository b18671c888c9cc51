package dev.quantreel.engines.runtime.ort.binding;

/// Functions of ONNX Runtime's C API by their place in its table, `OrtApi` of onnxruntime_c_api.h.
///
/// The table only grows at its end: places are asserted by ONNX Runtime's own build for every version that was shipped
/// (`ReleaseCustomOpDomain` 101 ends version 1, `SetGlobalSpinControl` 149 version 5, `SynchronizeBoundOutputs` 203
/// version 10). All of these were shipped by version 10.
enum OrtFunction {
    GET_ERROR_MESSAGE(2),
    SESSION_GET_INPUT_COUNT(30),
    SESSION_GET_OUTPUT_COUNT(31),
    CREATE_RUN_OPTIONS(39),
    RUN_OPTIONS_SET_TERMINATE(46),
    CREATE_TENSOR_AS_ORT_VALUE(48),
    CREATE_TENSOR_WITH_DATA_AS_ORT_VALUE(49),
    GET_TENSOR_MUTABLE_DATA(51),
    GET_TENSOR_ELEMENT_TYPE(60),
    GET_DIMENSIONS_COUNT(61),
    GET_DIMENSIONS(62),
    GET_TENSOR_TYPE_AND_SHAPE(65),
    CREATE_MEMORY_INFO(68),
    MEMORY_INFO_GET_NAME(71),
    MEMORY_INFO_GET_ID(72),
    ALLOCATOR_FREE(76),
    GET_ALLOCATOR_WITH_DEFAULT_OPTIONS(78),
    RELEASE_STATUS(93),
    RELEASE_VALUE(96),
    RELEASE_RUN_OPTIONS(97),
    RELEASE_TENSOR_TYPE_AND_SHAPE_INFO(99),
    CREATE_ALLOCATOR(131),
    RELEASE_ALLOCATOR(132),
    RUN_WITH_BINDING(133),
    CREATE_IO_BINDING(134),
    RELEASE_IO_BINDING(135),
    BIND_INPUT(136),
    BIND_OUTPUT(137),
    BIND_OUTPUT_TO_DEVICE(138),
    GET_BOUND_OUTPUT_VALUES(140),
    ADD_RUN_CONFIG_ENTRY(165),
    GET_TENSOR_MEMORY_INFO(194),
    SYNCHRONIZE_BOUND_INPUTS(202),
    SYNCHRONIZE_BOUND_OUTPUTS(203);

    private final int place;

    OrtFunction(int place) {
        this.place = place;
    }

    long offsetBytes() {
        return (long) place * Long.BYTES;
    }
}
