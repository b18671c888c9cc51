package dev.quantreel.engines.runtime.cuda.driver;

/// A function of the CUDA driver failed.
public class CudaException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /// `CUDA_ERROR_OUT_OF_MEMORY`.
    public static final int OUT_OF_MEMORY = 2;
    /// `CUDA_ERROR_NO_DEVICE`.
    public static final int NO_DEVICE = 100;
    /// `CUDA_ERROR_NOT_READY`: no failure, work of a stream or event is not done yet.
    public static final int NOT_READY = 600;

    private final String function;
    private final int code;
    private final String errorName;

    /// @param function C name of what was called
    /// @param code value of `CUresult`
    /// @param errorName the driver's name of it, for example `CUDA_ERROR_INVALID_VALUE`
    /// @param message whole message
    CudaException(String function, int code, String errorName, String message) {
        super(message);
        this.function = function;
        this.code = code;
        this.errorName = errorName;
    }

    /// The same error with more about where it happened.
    CudaException in(String place) {
        CudaException more = new CudaException(function, code, errorName, getMessage() + " (" + place + ")");
        more.initCause(this);
        return more;
    }

    /// C name of the function that failed.
    public String function() {
        return function;
    }

    /// Value of `CUresult`.
    public int code() {
        return code;
    }

    /// The driver's name of the error, for example `CUDA_ERROR_ILLEGAL_ADDRESS`.
    public String errorName() {
        return errorName;
    }

    /// Whether the context is of no more use, so that every further call fails the same way until the process
    /// ends: a kernel read a wrong address, ran into a trap or an uncorrectable memory error.
    public boolean contextLost() {
        return switch (code) {
            case 214, 220, 226, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719 -> true;
            default -> false;
        };
    }
}
