/* A driver's library for tests: GPUs that are not there. What it says is chosen when it is compiled. */
#include <stdio.h>
#include <string.h>

#ifndef GPUS
#define GPUS 1
#endif
#ifndef DIVIDED
#define DIVIDED -1 /* which of them is divided into slices */
#endif
#ifndef SLICES
#define SLICES 0
#endif
#ifndef LOST
#define LOST -1 /* which of them has fallen off the bus */
#endif
#ifndef BROKEN
#define BROKEN 0 /* what its start fails with */
#endif

struct device { int gpu, slice; };
static struct device devices[16], slices[16][16];

int nvmlInit_v2(void) { return BROKEN; }
const char *nvmlErrorString(int code) {
    return code == 18 ? "Driver/library version mismatch" : code == 15 ? "GPU is lost" : "Unknown Error";
}
int nvmlSystemGetDriverVersion(char *text, unsigned length) { return snprintf(text, length, "580.0 made up"), 0; }
int nvmlDeviceGetCount_v2(unsigned *count) { return *count = GPUS, 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, struct device **device) {
    if (index >= GPUS) return 2;
    if ((int)index == LOST) return 15;
    devices[index] = (struct device){(int)index, -1};
    return *device = &devices[index], 0;
}
int nvmlDeviceGetMigMode(struct device *device, unsigned *current, unsigned *pending) {
    return *current = *pending = device->gpu == DIVIDED, 0;
}
int nvmlDeviceGetMaxMigDeviceCount(struct device *device, unsigned *count) { return (void)device, *count = 7, 0; }
int nvmlDeviceGetMigDeviceHandleByIndex(struct device *device, unsigned index, struct device **slice) {
    if (index >= SLICES) return 6;
    slices[device->gpu][index] = (struct device){device->gpu, (int)index};
    return *slice = &slices[device->gpu][index], 0;
}
int nvmlDeviceGetName(struct device *device, char *text, unsigned length) {
    return snprintf(text, length, device->slice < 0 ? "Made-up GPU" : "Made-up GPU MIG 1g.10gb"), 0;
}
int nvmlDeviceGetUUID(struct device *device, char *text, unsigned length) {
    if (device->slice < 0) return snprintf(text, length, "GPU-%04d", device->gpu), 0;
    return snprintf(text, length, "MIG-%04d-%d", device->gpu, device->slice), 0;
}
int nvmlDeviceGetMemoryInfo(struct device *device, unsigned long long *memory) {
    memory[0] = device->slice < 0 ? 80ull << 30 : 10ull << 30;
    memory[1] = memory[0];
    return memory[2] = 0, 0;
}
