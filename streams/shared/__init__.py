"""The shared agent: follows what several residents share through the legs and drives the science in `detectors`."""
